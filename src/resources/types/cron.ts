import type { AbsolutePath, HostReader } from '../../host/host.ts';
import { converged, type Change, type Diff } from '../../model/plan.ts';
import { Secret } from '../../model/secret.ts';
import { formatMode } from '../file-mode.ts';
import { composeJob } from '../cron-job.ts';
import { findHalfCrontabs, sweepHalfCrontabs } from '../crontab-leftovers.ts';
import { readEntry, removeEntry, restoreEntry, setEntry } from '../crontab.ts';
import { defineResourceType, type Vocabulary } from '../resource-type.ts';
import { crontabUnsupported, editCrontab, otherSpoolFile, readCrontab, spoolDirectory, spoolFile } from '../user-crontab.ts';

const spec = ({ z }: Vocabulary) => {
  const plainText = z.string({
    error: ({ input }) =>
      input instanceof Secret
        ? 'a secret cannot stand in a crontab, where every process list and mail shows it; put it into a file (kind: file, mode "0600") that the command reads'
        : undefined,
  });

  return z.strictObject({
    name: z
      .string()
      .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/, 'expected letters, digits, ".", "_" and "-", at most 100')
      .meta({ description: 'Stable name of the entry; a new name is a new entry.' }),
    schedule: plainText
      .optional()
      .meta({ description: 'Five fields as cron knows them ("*/5 8-18 * * mon-fri"), or "@daily", "@reboot", ...' }),
    command: plainText.optional().meta({ description: 'One line of shell. "%" is escaped for cron; write it as in a shell.' }),
    user: z
      .string()
      .regex(/^[A-Za-z_][A-Za-z0-9_.-]{0,31}$/, 'expected a user name')
      .default('root')
      .meta({ description: 'Whose crontab, or with "in: cron.d" who runs the command.' }),
    env: z
      .record(
        z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'expected a variable name'),
        z.union([plainText, z.number(), z.boolean()]),
      )
      .default({})
      .meta({
        description: 'Environment of this command only: lines of the cron.d file, or an "export" in front of the command.',
      }),
    in: z
      .enum(['crontab', 'cron.d'])
      .default('crontab')
      .meta({ description: "The user's crontab, or a file of its own in /etc/cron.d." }),
    ensure: z.enum(['present', 'absent']).default('present'),
  });
};

interface CronDesired {
  readonly in: 'crontab' | 'cron.d';
  readonly user: string;
  readonly name: string;
  /** The job line, or the whole cron.d file; null: gone. */
  readonly entry: string | null;
}

type CronState = {
  /** What stands there, or null. For cron.d the whole file. */
  readonly entry: string | null;
  /** A cron.d file of that name that somebody else wrote. */
  readonly foreign: boolean;
  /** Of the cron.d file. */
  readonly mode: number | null;
  /** Of the cron.d file, where it can be set; cron ignores files that are not root's. */
  readonly uid: number | null;
};

const fileOf = (name: string): AbsolutePath => `/etc/cron.d/${name}`;
const fileMode = 0o644;
const header = (name: string): string => `# reconcile: ${name}\n`;

/** One job of cron: a marked entry of a user's crontab, or a file of its own in /etc/cron.d. */
export const cron = defineResourceType({
  kind: 'cron',
  summary: 'One cron job, as a marked entry of a crontab or a file in /etc/cron.d; all other lines stay as they are.',
  spec,
  identify: (attributes) => (attributes.in === 'cron.d' ? `cron.d/${attributes.name}` : `${attributes.user}/${attributes.name}`),

  prepare(attributes, context): CronDesired | undefined {
    const { in: where, name, user, ensure } = attributes;
    if (where === 'cron.d' && name.includes('.')) {
      context.problem('name', 'cron ignores files in /etc/cron.d that have a "." in their name');
      return undefined;
    }
    if (ensure === 'absent') return { in: where, user, name, entry: null };
    const job = composeJob(attributes, where, (...words) => context.problem(...words));
    if (!job) return undefined;
    const entry =
      where === 'crontab'
        ? `${job.schedule} ${job.command}`
        : `${header(name)}${job.env}${job.schedule} ${user} ${job.command}\n`;
    return { in: where, user, name, entry };
  },

  async inspect(desired, { host, signal }): Promise<CronState> {
    if (desired.in === 'cron.d') return inspectFile(desired.name, host);
    const entry = readEntry((await readCrontab(desired.user, host, signal)) ?? '', desired.name);
    return { entry: entry ? toText(entry.lines.join('\n')) : null, foreign: false, mode: null, uid: null };
  },

  diff({ entry }, actual): Diff {
    if (entry === null && (actual.entry === null || actual.foreign)) return converged;
    const changes: Change[] = [];
    if (actual.entry !== entry) changes.push({ field: 'entry', from: actual.entry, to: entry });
    if (entry !== null && actual.mode !== null && actual.mode !== fileMode)
      changes.push({ field: 'mode', from: formatMode(actual.mode), to: formatMode(fileMode) });
    if (entry !== null && actual.uid !== null && actual.uid !== 0) changes.push({ field: 'owner', from: actual.uid, to: 0 });
    if (changes.length === 0) return converged;
    if (entry === null) return { action: 'remove', changes };
    return { action: actual.entry === null ? 'create' : actual.foreign ? 'replace' : 'update', changes };
  },

  async apply({ in: where, user, name, entry }, _changes, { host, signal }) {
    if (where === 'crontab') {
      const edit = (text: string): string => (entry === null ? removeEntry(text, name) : setEntry(text, name, toBytes(entry)));
      return editCrontab({ user }, edit, host, signal);
    }
    if (entry === null) return host.remove(fileOf(name));
    host.writeFile(fileOf(name), Buffer.from(entry), { mode: fileMode, uid: 0, gid: 0 });
  },

  watches: ({ in: where, user, name }) => (where === 'cron.d' ? [fileOf(name)] : [spoolFile(user), otherSpoolFile(user)]),

  shared: true,

  owns: ({ in: where, name }) => (where === 'cron.d' ? [fileOf(name)] : []),

  touches({ in: where, user, name }, _changes, host) {
    if (where === 'crontab' && host.live) return [];
    return [where === 'cron.d' ? fileOf(name) : spoolFile(user)];
  },

  writes: ({ in: where, user }) => (where === 'cron.d' ? [] : [spoolFile(user)]),

  undo: {
    /** Only this entry is kept, never the foreign lines beside it, which may hold anybody's secrets. */
    async capture({ in: where, user, name }, { host, signal }) {
      if (where === 'cron.d' || !host.live) return { crontab: null };
      const text = await readCrontab(user, host, signal);
      const entry = readEntry(text ?? '', name);
      const saved = entry && { raw: entry.raw, place: { ...entry.place } };
      return {
        crontab: {
          user,
          name,
          keepEmpty: text !== undefined,
          entry: saved ?? null,
          halves: findHalfCrontabs(spoolDirectory, host),
        },
      };
    },
    async restore({ crontab }, { host, signal }) {
      if (!crontab) return;
      const { name, entry, halves } = crontab;
      // Undo data of earlier versions does not say.
      if (halves) await sweepHalfCrontabs(spoolDirectory, halves, host, signal);
      const edit = (text: string): string => (entry ? restoreEntry(text, name, entry) : removeEntry(text, name));
      await editCrontab(crontab, edit, host, signal);
    },
  },

  preview({ in: where, name, entry }, _changes, { host }) {
    if (where === 'crontab') return [];
    const after = entry === null ? undefined : Buffer.from(entry);
    return [{ path: fileOf(name), before: host.readFile(fileOf(name)), after }];
  },

  absent: (desired): CronDesired => ({ ...desired, entry: null }),

  unsupported({ in: where, user }, host) {
    if (where === 'crontab') return crontabUnsupported(user, host);
    return host.live && !host.privileged ? 'needs root to write in /etc/cron.d' : undefined;
  },

  requires: ({ user, entry }) => (entry === null ? [] : [`user[${user}]`]),
  // `crontab` knows no user that is gone.
  precedes: ({ user, entry }) => (entry === null ? [`user[${user}]`] : []),
  commands: (desired) => (desired.in === 'crontab' ? ['crontab'] : []),
});

/** One character per byte, as crontabs are edited. */
const toBytes = (text: string): string => Buffer.from(text).toString('latin1');
const toText = (bytes: string): string => Buffer.from(bytes, 'latin1').toString();

function inspectFile(name: string, host: HostReader): CronState {
  const bytes = host.readFile(fileOf(name));
  if (!bytes) return { entry: null, foreign: false, mode: null, uid: null };
  const entry = bytes.toString();
  const stat = host.stat(fileOf(name));
  const uid = host.privileged ? (stat?.uid ?? null) : null;
  return { entry, foreign: !entry.startsWith(header(name)), mode: stat?.mode ?? null, uid };
}
