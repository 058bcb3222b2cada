import { dirname, join } from 'node:path/posix';
import type { AbsolutePath, HostReader } from '../../host/host.ts';
import { converged, type Change, type Diff } from '../../model/plan.ts';
import { findUser } from '../account-files.ts';
import {
  carryKeyLines,
  formatKeyLine,
  keyFault,
  linesOf,
  optionFault,
  parseKeyLine,
  setKeyLine,
  type KeyLine,
} from '../authorized-keys.ts';
import { formatMode } from '../file-mode.ts';
import { defineResourceType, type Misfit, type Refusal, type Vocabulary } from '../resource-type.ts';
import { otherHomeOf } from '../user-account.ts';

/** Larger than any that sshd should read at each login. Bytes. */
const sizeLimit = 1024 * 1024;
const fileMode = 0o600;
const directoryMode = 0o700;
/** What sshd's StrictModes does not forgive. */
const othersWrite = 0o022;

const spec = ({ z, absolutePath, accountName }: Vocabulary) => {
  const checked = (fault: (text: string) => string | undefined) =>
    z.string().superRefine((text, context) => {
      const message = /[\r\n\0]/.test(text.trim()) ? 'must be one line' : fault(text);
      if (message !== undefined) context.addIssue({ code: 'custom', message });
    });
  return z.strictObject({
    user: accountName.meta({ description: 'Who can log in with the key.' }),
    key: checked(keyFault).meta({ description: 'The public key, as it stands in a .pub file.' }),
    name: z
      .string()
      .regex(/^[\w@.+-]{1,100}$/, 'expected letters, digits and "@._+-"')
      .optional()
      .meta({ description: 'Names the resource, so that another key can take its place; else the comment of the key does.' }),
    options: z
      .array(checked(optionFault))
      .default([])
      .meta({ description: 'What the key may do: restrict, from="192.0.2.0/24", command="/usr/bin/true".' }),
    path: absolutePath.optional().meta({
      description: 'The file, where it is not .ssh/authorized_keys in /home/USER, or in /root. It is then part of the address.',
    }),
    ensure: z.enum(['present', 'absent']).default('present'),
  });
};

interface Desired {
  readonly user: string;
  readonly path: AbsolutePath;
  /** The path was not given, and is only right for a home in the usual place. */
  readonly isUsualPath: boolean;
  readonly blob: string;
  /** Null: no line with this key. */
  readonly line: string | null;
  /** It left git; another resource may have the same key. */
  readonly isPruned?: true;
}

/** Keys with their files. */
interface Survey {
  /** The lines that resources want for a key: more than one contradict each other. */
  readonly wanted: ReadonlyMap<string, ReadonlySet<string>>;
  readonly unwanted: ReadonlySet<string>;
}

type State = {
  /** The lines with this key, and with the one that it takes the place of. */
  readonly lines: readonly string[];
  /** Mode and owner of the file and of its directory, where they are not as sshd wants them. */
  readonly faults: readonly string[];
  /** The user's home, where the path cannot be right for it. */
  readonly otherHome: string | null;
  /** What another resource wants of the same key, where it is not the same. */
  readonly contradicted: 'gone' | 'otherwise' | null;
};

/** One key that lets somebody log in as a user. */
export const authorizedKey = defineResourceType({
  kind: 'authorized_key',
  summary: 'One public key that may log in as a user; all other lines of the file stay as they are.',
  spec,
  // With its file: where that is another one, the key goes from the old one as what is no longer in git.
  identify({ user, key, name, path }) {
    const { comment = '', blob = '' } = parseKeyLine(key) ?? {};
    const id = `${user}/${name ?? (/^[\w@.+-]{1,100}$/.test(comment) ? comment : blob.slice(-16))}`;
    return path === undefined ? id : `${id}:${path}`;
  },

  prepare({ user, key, options, path, ensure }): Desired {
    const parsed = { ...(parseKeyLine(key) as KeyLine), options: options.join(',') };
    return {
      user,
      path: path ?? `${user === 'root' ? '/root' : `/home/${user}`}/.ssh/authorized_keys`,
      isUsualPath: path === undefined,
      blob: parsed.blob,
      line: ensure === 'absent' ? null : formatKeyLine(parsed),
    };
  },

  survey(all: readonly Desired[]): Survey {
    const byPlace = Map.groupBy(all.filter(isPresent), placeOf);
    return {
      wanted: new Map([...byPlace].map(([place, same]) => [place, new Set(same.map(({ line }) => line))])),
      unwanted: new Set(all.filter(({ line, isPruned }) => line === null && !isPruned).map(placeOf)),
    };
  },

  inspect(desired: Desired, { host, last, survey }): State {
    const { user, path, isUsualPath, line } = desired;
    const home = findUser(user, host)?.home;
    const isElsewhere = isUsualPath && home !== undefined && path !== usualFile(home);
    const text = host.readFile(path, sizeLimit)?.toString('utf8') ?? '';
    const before = replacedBlob(desired, last).filter((blob) => !survey.wanted.has(placeOf({ ...desired, blob })));
    const wanted = survey.wanted.get(placeOf(desired));
    const isOtherwise = line !== null && (wanted?.size ?? 0) > 1;
    return {
      lines: desired.isPruned && wanted ? [] : [...linesOf(text, [desired.blob, ...before])],
      faults: line === null ? [] : strictFaults(desired, host),
      otherHome: isElsewhere ? home : null,
      contradicted: wanted && survey.unwanted.has(placeOf(desired)) ? 'gone' : isOtherwise ? 'otherwise' : null,
    };
  },

  diff({ line }, { lines, faults }): Diff {
    if (line === null)
      return lines.length === 0 ? converged : { action: 'remove', changes: [{ field: 'key', from: lines.join('\n'), to: null }] };
    const changes: Change[] = faults.map((fault) => ({ field: 'mode', from: fault, to: 'as sshd wants it' }));
    if (lines.length !== 1 || lines[0] !== line)
      changes.unshift({ field: 'key', from: lines.length === 0 ? null : lines.join('\n'), to: line });
    return changes.length === 0 ? converged : { action: lines.length === 0 ? 'create' : 'update', changes };
  },

  refuses({ user, line }, { otherHome, contradicted }): readonly Refusal[] {
    if (contradicted !== null) {
      const other = contradicted === 'gone' ? 'wants it gone' : 'wants it with another comment or other options';
      const message = `one resource wants this key of ${user}, and another one ${other}`;
      return [{ code: 'duplicate-resource', message, hint: 'drop one of the two' }];
    }
    if (otherHome === null || line === null) return [];
    return [{ code: 'unsafe-target', ...wrongHome(user, otherHome) }];
  },

  apply(desired, changes, { host }) {
    const { path, line, isUsualPath, user } = desired;
    const ids = ownerOf(desired, host);
    const directory = dirname(path);
    const before = host.stat(path);
    const text = host.readFile(path, sizeLimit)?.toString('latin1') ?? '';
    const blobs = touchedBlobs(desired, changes);
    const after = setKeyLine(text, blobs, line === null ? undefined : Buffer.from(line).toString('latin1'));
    if (line === null) {
      const kept = before && { mode: before.mode, uid: before.uid, gid: before.gid };
      if (kept && after !== text) host.writeFile(path, Buffer.from(after, 'latin1'), kept);
      return;
    }
    const home = findUser(user, host)?.home;
    if (host.live && isUsualPath && (home === undefined || path !== usualFile(home)))
      throw new Error(`the home of ${user} is ${home ?? 'not known'}; name the file with "path"`);
    if (host.live && !host.stat(dirname(directory)))
      throw new Error(`${dirname(directory)} does not exist; let the user have "create_home: true"`);
    makeStrict(directory, ids, host);
    // One that changes hands too: who had it may have it open.
    if (!before || after !== text || isForeign(before, ids)) {
      const mode = before && (before.mode & othersWrite) === 0 ? before.mode : fileMode;
      host.writeFile(path, Buffer.from(after, 'latin1'), { mode, ...ids });
    } else if ((before.mode & othersWrite) !== 0) host.setMode(path, fileMode);
  },

  watches: ({ path }) => [path, dirname(path)],
  touches: ({ path, line }) => (line === null ? [path] : [dirname(path), path]),
  shared: true,
  entries: {
    of: (desired, changes) => ({
      path: desired.path,
      names: { keys: touchedBlobs(desired, changes) },
      isRestricted: changes.some(({ field }) => field === 'mode'),
    }),
    carry({ keys }, from, onto) {
      const text = carryKeyLines(keys as readonly string[], from.toString('latin1'), onto.toString('latin1'));
      return Buffer.from(text, 'latin1');
    },
  },
  requires: ({ user }) => [`user[${user}]`],
  misfit({ user, path, isUsualPath, line }: Desired, required) {
    const home = isUsualPath && line !== null ? otherHomeOf(required, user, dirname(dirname(path))) : undefined;
    return home === undefined ? undefined : wrongHome(user, home);
  },
  absent: (desired): Desired => ({ ...desired, line: null, isPruned: true }),
  unsupported({ user }, host) {
    const isOther = host.live && !host.privileged && host.userId(user) !== process.geteuid?.();
    return isOther ? `needs root to change the keys of ${user}` : undefined;
  },
});

/** A home may stand in /etc/passwd with a slash at its end. */
const usualFile = (home: string): AbsolutePath => join(home, '.ssh/authorized_keys');

const wrongHome = (user: string, home: string): Misfit => ({
  message: `the home of ${user} is ${home}, so that sshd would look for the key there`,
  hint: `add "path: ${usualFile(home)}"`,
});

const isPresent = (desired: Desired): desired is Desired & { readonly line: string } => desired.line !== null;

const placeOf = ({ path, blob }: Pick<Desired, 'path' | 'blob'>): string => `${path} ${blob}`;

/** Its own key, and the one that it takes the place of. */
const touchedBlobs = ({ blob }: Desired, changes: readonly Change[]): readonly string[] => [
  ...new Set([blob, ...changes.flatMap(({ field, from }) => (field === 'key' ? blobsIn(from) : []))]),
];

const blobsIn = (lines: unknown): readonly string[] =>
  typeof lines === 'string' ? lines.split('\n').flatMap((line) => parseKeyLine(line)?.blob ?? []) : [];

/** The key that was there under the same name. */
const replacedBlob = ({ blob }: Desired, last: object | undefined): readonly string[] => {
  const before = (last as Desired | undefined)?.blob;
  return before === undefined || before === blob ? [] : [before];
};

interface Ids {
  readonly uid?: number;
  readonly gid?: number;
}

function ownerOf({ user }: Desired, host: HostReader): Ids {
  const entry = host.privileged ? findUser(user, host) : undefined;
  return entry ? { uid: entry.uid, gid: entry.gid } : {};
}

/** sshd also takes what root owns. */
const isForeign = (stat: { readonly uid: number }, { uid }: Ids): boolean =>
  uid !== undefined && stat.uid !== uid && stat.uid !== 0;

function strictFaults(desired: Desired, host: HostReader): readonly string[] {
  const ids = ownerOf(desired, host);
  return [dirname(desired.path), desired.path].flatMap((path) => {
    const stat = host.stat(path);
    if (!stat) return [];
    const mode = (stat.mode & othersWrite) === 0 ? [] : [`${path} is writable by others (${formatMode(stat.mode)})`];
    return isForeign(stat, ids) ? [...mode, `${path} belongs to ${host.userName(stat.uid)}`] : mode;
  });
}

function makeStrict(
  directory: AbsolutePath,
  ids: Ids,
  host: HostReader & {
    makeDirectory(path: AbsolutePath, attributes: Ids & { readonly mode: number }): void;
    setMode(path: AbsolutePath, mode: number): void;
    setOwner(path: AbsolutePath, uid: number, gid: number): void;
  },
): void {
  const stat = host.stat(directory);
  if (!stat) return host.makeDirectory(directory, { mode: directoryMode, ...ids });
  if (isForeign(stat, ids) && ids.uid !== undefined) host.setOwner(directory, ids.uid, ids.gid ?? -1);
  if ((stat.mode & othersWrite) !== 0) host.setMode(directory, directoryMode);
}
