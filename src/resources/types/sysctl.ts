import type { AbsolutePath, Host, HostReader } from '../../host/host.ts';
import { lastLines } from '../../model/last-lines.ts';
import { PassingError } from '../../model/passing-error.ts';
import { converged, type Change, type Diff } from '../../model/plan.ts';
import { formatMode } from '../file-mode.ts';
import { formerFile, formerIn } from '../former-file.ts';
import { awaitProcesses } from '../find-process.ts';
import { defineResourceType, type Restored, type Vocabulary } from '../resource-type.ts';
import { awaitOutside, runOutside } from '../run-outside.ts';
import { sysctlDirectory, sysctlMarker } from '../sysctl-files.ts';

const spec = ({ z }: Vocabulary) =>
  z
    .strictObject({
      key: z
        .string()
        .max(200)
        .regex(
          /^[a-z0-9_]+([./][A-Za-z0-9_:@-]+)+$/,
          'expected the name of one kernel setting, such as "net.ipv4.ip_forward", without globs',
        )
        .meta({ description: 'The setting: "net.ipv4.ip_forward", or with slashes where a part has a "." in its name.' }),
      value: z
        .union([z.string().regex(/^[\x20-\x7e\t]*\S[\x20-\x7e\t]*$/, 'expected one line of text'), z.number().int()])
        .transform(String)
        .optional()
        .meta({ description: 'A number or text; several numbers with blanks between them.' }),
      name: z
        .string()
        .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/, 'expected letters, digits, ".", "_" and "-", at most 100')
        .optional()
        .meta({
          description: 'Names the file in /etc/sysctl.d, without ".conf"; the last by name wins. Else "90-" and the key.',
        }),
      ensure: z.enum(['present', 'absent']).default('present').meta({
        description: 'absent: no file; the kernel keeps the value until the next boot.',
      }),
    })
    .superRefine(({ value, ensure }, context) => {
      if (ensure === 'present' && value === undefined)
        context.addIssue({ code: 'custom', path: ['value'], message: 'is needed unless the setting is absent' });
    });

interface Desired {
  /** In the one form that names it. */
  readonly key: string;
  readonly file: AbsolutePath;
  /** Blanks between words as one; null: gone. */
  readonly value: string | null;
}

type State = {
  /** The file, or null. */
  readonly text: string | null;
  /** Somebody else wrote it. */
  readonly isForeign: boolean;
  readonly mode: string | null;
  /** Where it can be set. */
  readonly uid: number | null;
  /** A file that it had under another name, and that still stands. */
  readonly former: string | null;
  /** What the kernel has; null where it has no such setting. Absent under `--root`, and where no value is wanted. */
  readonly live?: string | null;
};

const fileMode = 0o644;
/** Of one call of sysctl. Milliseconds. */
const timeout = 30_000;
const textOf = ({ key, value }: Desired): string | null => (value === null ? null : `${sysctlMarker}${key}\n${key} = ${value}\n`);

/** A setting of the kernel, now and at every boot. */
export const sysctl = defineResourceType({
  kind: 'sysctl',
  summary: 'A kernel setting: its own file in /etc/sysctl.d, and the value that the running kernel has.',
  spec,
  identify: ({ key }) => nameOf(key),

  prepare({ key, value, name, ensure }): Desired {
    return {
      key: nameOf(key),
      file: `${sysctlDirectory}/${name ?? `90-${pathOf(key).replaceAll('.', '-').replaceAll('/', '.')}`}.conf`,
      value: ensure === 'absent' ? null : plain(value ?? ''),
    };
  },

  inspect(desired, { host, last }): State {
    const { file } = desired;
    const before = (last as Desired | undefined)?.file ?? file;
    const isOurs = before !== file && host.readFile(before)?.toString().startsWith(`${sysctlMarker}${desired.key}\n`) === true;
    const text = host.readFile(file)?.toString() ?? null;
    const stat = text === null ? undefined : host.stat(file);
    return {
      text,
      isForeign: text !== null && !text.startsWith(sysctlMarker),
      mode: stat ? formatMode(stat.mode) : null,
      uid: host.privileged ? (stat?.uid ?? null) : null,
      former: isOurs ? before : null,
      ...(host.live && desired.value !== null && { live: readLive(desired, host) }),
    };
  },

  diff(desired, { text, isForeign, mode, uid, former, live }): Diff {
    const wanted = textOf(desired);
    const changes: Change[] = former === null ? [] : [{ field: formerFile, from: former, to: null }];
    if (wanted === null) {
      if (text !== null && !isForeign) changes.push({ field: 'file', from: text, to: null });
      return changes.length === 0 ? converged : { action: 'remove', changes };
    }
    if (text !== wanted) changes.push({ field: 'file', from: text, to: wanted });
    if (mode !== null && mode !== formatMode(fileMode)) changes.push({ field: 'mode', from: mode, to: formatMode(fileMode) });
    if (uid !== null && uid !== 0) changes.push({ field: 'owner', from: uid, to: 0 });
    if (live !== undefined && live !== desired.value) changes.push({ field: 'live', from: live, to: desired.value });
    if (changes.length === 0) return converged;
    return { action: text === null ? 'create' : isForeign ? 'replace' : 'update', changes };
  },

  async apply(desired, changes, { host, signal }) {
    const text = textOf(desired);
    for (const path of formerIn(changes)) host.remove(path);
    if (text === null) return changes.some(({ field }) => field === 'file') ? host.remove(desired.file) : undefined;
    if (changes.some(({ field }) => field !== 'live' && field !== formerFile))
      host.writeFile(desired.file, Buffer.from(text), { mode: fileMode, uid: 0, gid: 0 });
    if (changes.some(({ field }) => field === 'live')) await setLive(desired.key, desired.value ?? '', host, signal);
  },

  undo: {
    outside: true,
    capture: (desired, { host }) => ({
      key: desired.key,
      live: host.live && desired.value !== null ? readLive(desired, host) : null,
    }),
    async restore({ key, live }, { host, signal }): Promise<Restored> {
      if (live === null) return 'unchanged';
      await awaitOutside(timeout, host, signal);
      await awaitProcesses({ name: /^sysctl$/ }, timeout, host, signal);
      const now = readLive({ key }, host);
      if (now === live) return 'unchanged';
      try {
        return await setLive(key, live, host, signal);
      } catch (error) {
        if (!(error instanceof KernelRefusal)) throw error;
        return { aside: [`${key} stays ${now ?? 'away'} until the next boot: ${error.message}`] };
      }
    },
  },

  preview: (desired, changes, { host }) => {
    const text = textOf(desired);
    return [
      ...formerIn(changes).map((path) => ({ path, before: host.readFile(path), after: undefined })),
      { path: desired.file, before: host.readFile(desired.file), after: text === null ? undefined : Buffer.from(text) },
    ];
  },

  watches: ({ file }) => [file],
  owns: ({ file }) => [file],
  touches: ({ file }, changes) => [file, ...formerIn(changes)],
  asks: ({ value }, host) => host.live && value !== null,
  // Starting ufw sets some, which must not be the last word.
  requires: () => ['firewall[ufw]'],
  absent: (desired): Desired => ({ ...desired, value: null }),
  unsupported: (_desired, host) => (host.live && !host.privileged ? 'needs root to change the kernel' : undefined),
  leavesOut: ({ value }) => (value === null ? undefined : 'the running kernel needs a live host'),
  commands: ({ value }) => (value === null ? [] : ['sysctl']),
});

/** As sysctl.d(5): when the first separator is a dot, dots and slashes have changed places. */
const pathOf = (key: string): string =>
  /[./]/.exec(key)?.[0] === '/' ? key : key.replace(/[./]/g, (separator) => (separator === '.' ? '/' : '.'));

function nameOf(key: string): string {
  const path = pathOf(key);
  return path.includes('.') ? path : path.replaceAll('/', '.');
}

const plain = (value: string): string => value.trim().replace(/\s+/g, ' ');

/** The kernel's own file: no process is needed to look. */
function readLive({ key }: Pick<Desired, 'key'>, host: HostReader): string | null {
  try {
    const bytes = host.readFile(`/proc/sys/${pathOf(key)}`);
    return bytes ? plain(bytes.toString()) : null;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // How the kernel answers for an address that was never set, such as stable_secret.
    if (code === 'EIO') return '';
    if (code !== 'EACCES') throw error;
    throw new Error(`the kernel lets nobody read ${key}, so that it is an order and no setting: give it by a command`, {
      cause: error,
    });
  }
}

/** Some settings can be made only once until the next boot, which brings back what stands in the files by then. */
class KernelRefusal extends Error {}

async function setLive(key: string, value: string, host: Host, signal: AbortSignal): Promise<void> {
  if (!host.stat(`/proc/sys/${pathOf(key)}`))
    throw new KernelRefusal(`this kernel has no setting ${key}; if a module brings it, load the module before`);
  // The agent's own sandbox has no rights over the kernel.
  const { exitCode, isKilled, said } = await runOutside(
    ['sysctl', '--write', `${key}=${value}`],
    { env: {}, timeout },
    host,
    signal,
  );
  if (exitCode === 0) {
    const made = readLive({ key }, host);
    if (made === value) return;
    throw new KernelRefusal(`the kernel made ${made} of "${value}" for ${key}: it takes no such value, or writes it otherwise`);
  }
  // Else it is a program that could not do its work, which the next one may.
  const Failure = isKilled ? PassingError : /^sysctl: .*\bkey\b/m.test(said) ? KernelRefusal : Error;
  throw new Failure(`sysctl did not set ${key}: ${lastLines(said.trim())}`);
}
