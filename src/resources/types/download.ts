import type { HostReader } from '../../host/host.ts';
import { milliseconds } from '../../model/duration.ts';
import { sha256 } from '../../model/json.ts';
import { converged, type Change } from '../../model/plan.ts';
import { largestUndo } from '../../model/undo-limit.ts';
import { archiveFormats, formatOf } from '../archive/open-archive.ts';
import { fetchFile } from '../fetch-file.ts';
import { formatMode, parseMode } from '../file-mode.ts';
import { accountsOf, diffOwners, inspectOwners, keptOwners, ownerIds, ownershipOf, type OwnedState } from '../ownership.ts';
import { defineResourceType, type Refusal, type Vocabulary } from '../resource-type.ts';
import {
  readUnpacked,
  removeUnpacked,
  replaceUnpacked,
  restoreUnpacked,
  strangerBeside,
  unpackedPaths,
  type Extraction,
} from '../unpacked-directory.ts';

const directoryMode = '0755';
const mebibyte = 1024 * 1024;
const largestFile = largestUndo / mebibyte;
/** MiB. What is unpacked is put back by a rename, so that nothing limits it but the disk. */
const largestArchive = 16 * 1024;

function urlFault(url: string): string | undefined {
  const parsed = URL.parse(url);
  if (!parsed || !/^https?:\/\//.test(url)) return 'expected a URL that begins with "https://"';
  if (parsed.username !== '' || parsed.password !== '') return 'a URL cannot hold credentials';
  if (parsed.hash !== '') return 'a URL of a file has no "#"';
  return undefined;
}

const spec = ({ z, absolutePath, fileMode, ownerName, duration }: Vocabulary) =>
  z
    .strictObject({
      path: absolutePath,
      ensure: z.enum(['present', 'absent']).default('present').meta({ description: 'absent: no file at this path.' }),
      url: z
        .string()
        .max(2048)
        .superRefine((url, context) => {
          const fault = urlFault(url);
          if (fault !== undefined) context.addIssue({ code: 'custom', message: fault });
        })
        .optional()
        .meta({ description: 'https; http from this host itself, or where the host policy allows it. Never through a proxy.' }),
      sha256: z
        .string()
        .regex(/^[0-9a-f]{64}$/, 'expected 64 lower-case hexadecimal digits')
        .optional()
        .meta({ description: 'What the file must hold. While it does, nothing is fetched.' }),
      redirects: z
        .array(z.string().regex(/^[a-z0-9]([a-z0-9.-]{0,252})$/, 'expected the name of a host'))
        .max(10)
        .default([])
        .meta({ description: 'Names of the hosts that the URL may lead to, besides its own. Only https is followed.' }),
      extract: z
        .strictObject({
          format: z
            .enum(archiveFormats)
            .optional()
            .meta({ description: 'Where the URL does not end with it. tar.xz needs the program xz.' }),
          strip: z
            .number()
            .int()
            .min(0)
            .max(10)
            .default(0)
            .meta({ description: 'Leading names of each path that are left out.' }),
          max_unpacked_mib: z.number().int().min(1).max(largestArchive).default(1024),
          max_entries: z.number().int().min(1).max(100_000).default(10_000),
        })
        .optional()
        .meta({
          description:
            'Makes `path` a directory with what the archive holds, and nothing else; the version before stays beside it as `.NAME.before`. Files become 0755 where the archive says executable, else 0644. An archive that leads out of the directory is refused.',
        }),
      mode: fileMode.optional().meta({ description: '0644 unless told; not with extract.' }),
      owner: ownerName.optional(),
      group: ownerName.optional(),
      max_mib: z
        .number()
        .int()
        .min(1)
        .max(largestArchive)
        .default(largestFile)
        .meta({ description: `Largest size that is taken, in MiB; more than ${largestFile} only with extract.` }),
      timeout: duration.default('10m').meta({ description: 'Longest time for all of it, two more tries included.' }),
    })
    .superRefine(({ ensure, ...value }, context) => {
      for (const key of ['url', 'sha256'] as const)
        if (ensure === 'present' && value[key] === undefined)
          context.addIssue({ code: 'custom', path: [key], message: 'is needed unless the file is absent' });
      const { extract, url = '', max_mib: limit, mode } = value;
      const fault = (key: string, message: string): void => context.addIssue({ code: 'custom', path: [key], message });
      if (!extract && limit > largestFile) fault('max_mib', `only an archive that is unpacked may have more than ${largestFile}`);
      if (extract && mode !== undefined) fault('mode', 'what is unpacked has the modes of the archive');
      if (extract && ensure === 'present' && !extract.format && !formatOf(pathOf(url)))
        fault('extract', `the URL does not end with ${archiveFormats.join(', ')}: name the format`);
    });

const isOfMode = ({ field }: Change): boolean => field === 'mode';

const pathOf = (url: string): string => URL.parse(url)?.pathname ?? '';

interface Desired {
  readonly path: string;
  /** Without `from`. */
  readonly ensure?: 'absent';
  /** Undefined: gone. */
  readonly from?: { readonly url: string; readonly sha256: string; readonly redirects: readonly string[] };
  /** Gone because it left git: a directory that somebody has made in its place is not its business any more. */
  readonly isPruned?: true;
  /** The path is a directory then. */
  readonly extract?: Extraction;
  readonly mode: string;
  readonly owner?: string;
  readonly group?: string;
  /** Bytes. */
  readonly maxSize: number;
  /** Milliseconds. */
  readonly timeout: number;
}

type Standing =
  | ({
      readonly type: 'unpacked';
      readonly sha256: string;
      readonly strip: number;
      readonly isWhole: boolean;
      readonly mode: string;
    } & OwnedState)
  | { readonly type: 'absent' | 'directory' | 'link' | 'other' }
  | ({ readonly type: 'file'; readonly sha256: string; readonly size: number; readonly mode: string } & OwnedState);

type State = Standing & {
  /** What would be lost where a directory becomes the version before. */
  readonly stranger?: string;
};

/** A file, or what is in an archive, that neither git nor a package brings. */
export const download = defineResourceType({
  kind: 'download',
  summary:
    'A file from a URL, or the directory that an archive is unpacked to, known by its SHA-256: fetched when what is on the host has another, and never put in place otherwise.',
  spec,
  identify: ({ path }) => path,
  prepare: ({ path, ensure, url = '', sha256, redirects, extract, mode, owner, group, max_mib: limit, timeout }): Desired => ({
    path,
    ...(ensure === 'absent' ? { ensure } : { from: { url: new URL(url).href, sha256: sha256 ?? '', redirects } }),
    ...(extract && {
      extract: {
        format: extract.format ?? formatOf(pathOf(url)) ?? 'tar.gz',
        strip: extract.strip,
        maxBytes: extract.max_unpacked_mib * mebibyte,
        maxEntries: extract.max_entries,
      },
    }),
    mode: extract ? directoryMode : formatMode(parseMode(mode ?? '0644')),
    ...ownershipOf({ owner, group }),
    maxSize: limit * mebibyte,
    timeout: milliseconds(timeout),
  }),
  inspect: (desired, { host }): State => {
    const standing = inspectPath(desired, host);
    const stranger = desired.extract || standing.type === 'unpacked' ? strangerBeside(desired.path, host) : undefined;
    return { ...standing, ...(stranger !== undefined && { stranger }) };
  },
  diff: (desired, actual) => {
    const { from, extract, mode, isPruned } = desired;
    if (isPruned && actual.type === 'directory') return converged;
    const shown =
      actual.type === 'file' || actual.type === 'unpacked' ? actual.sha256 : actual.type === 'absent' ? null : actual.type;
    if (!from) return shown === null ? converged : { action: 'remove', changes: [{ field: 'content', from: shown, to: null }] };
    if (actual.type !== (extract ? 'unpacked' : 'file'))
      return { action: shown === null ? 'create' : 'replace', changes: [{ field: 'content', from: shown, to: from.sha256 }] };
    const changes: Change[] = [];
    if (actual.sha256 !== from.sha256) changes.push({ field: 'content', from: actual.sha256, to: from.sha256 });
    if (actual.type === 'unpacked' && extract) {
      if (!actual.isWhole) changes.push({ field: 'files', from: 'changed since they were unpacked', to: 'as in the archive' });
      if (actual.strip !== extract.strip) changes.push({ field: 'strip', from: actual.strip, to: extract.strip });
    }
    if (actual.mode !== mode) changes.push({ field: 'mode', from: actual.mode, to: mode });
    changes.push(...diffOwners(desired, actual));
    return changes.length === 0 ? converged : { action: 'update', changes };
  },
  refuses: ({ path, from, extract }, actual) => {
    const refusal = (message: string): Refusal => ({ code: 'unsafe-target', message, hint: 'move it away by hand' });
    if (extract && from && actual.type !== 'absent' && actual.type !== 'unpacked')
      return [refusal(`${path} is there already, and was not unpacked by this kind`)];
    if (actual.type === 'directory') return [refusal(`${path} is a directory, not a file`)];
    if (actual.type === 'unpacked' && from && !extract)
      return [refusal(`${path} is a directory that an archive was unpacked to`)];
    if (actual.type === 'other') return [refusal(`${path} is a device, fifo or socket, not a file`)];
    return actual.stranger === undefined ? [] : [refusal(`${actual.stranger} is there, and was not unpacked by this kind`)];
  },
  apply: (desired, changes, { host, signal }) => {
    const { path, from, extract, mode, maxSize, timeout } = desired;
    if (!from) return readUnpacked(path, host) ? removeUnpacked(path, host) : host.remove(path);
    if (extract && !changes.every(isOfMode))
      return replaceUnpacked(path, { ...from, maxSize, timeout }, extract, ownerIds(desired, host), host, signal);
    if (changes.every(isOfMode)) return host.setMode(path, parseMode(mode));
    const attributes = { mode: parseMode(mode), ...keptOwners(host.stat(path), host), ...ownerIds(desired, host) };
    if (changes.some(({ field }) => field === 'content'))
      return fetchFile({ ...from, maxSize, timeout }, (chunks) => host.writeStream(path, chunks, attributes), signal);
    // One that changes hands is written afresh: who had it may have it open.
    const standing = host.readFile(path, largestUndo);
    if (!standing || sha256(standing) !== from.sha256) throw new Error(`${path} was changed meanwhile`);
    return host.writeFile(path, standing, attributes);
  },
  undo: {
    capture: ({ path, extract }, { host }) => {
      const unpacked = readUnpacked(path, host);
      return {
        path,
        id: unpacked?.id ?? null,
        isUnpacked: unpacked !== undefined || (extract !== undefined && !host.stat(path)),
      };
    },
    // What is no directory of ours, the engine puts back itself.
    restore: ({ path, id, isUnpacked }, { host }) => (isUnpacked ? restoreUnpacked(path, id, host) : 'unchanged'),
  },
  // What is in a directory is looked at in each run.
  watches: ({ path, extract }) => (extract ? undefined : [path]),
  owns: ({ path }) => [path],
  modes: ({ path, mode, from, extract }) => (!from || extract ? [] : [{ path, mode }]),
  makesWay: true,
  touches: ({ path }) => [path],
  writes: ({ path, extract }, changes, host) =>
    (extract || host?.stat(path)?.type === 'directory') && !changes.every(isOfMode) ? unpackedPaths(path, host) : [],
  unsupported: ({ extract }, { live }) => (extract?.format === 'tar.xz' && !live ? 'needs a live host to unpack xz' : undefined),
  commands: ({ extract }) => (extract?.format === 'tar.xz' ? ['prlimit', 'xz'] : []),
  requires: (desired) => accountsOf(desired),
  absent: ({ from: _from, ...desired }): Desired => ({ ...desired, isPruned: true }),
  contacts: ({ from }) => {
    if (!from) return [];
    const { hostname, protocol } = new URL(from.url);
    const scheme = protocol === 'http:' ? ('http' as const) : ('https' as const);
    return [{ host: hostname, scheme }, ...from.redirects.map((host) => ({ host, scheme: 'https' as const }))];
  },
});

function inspectPath(desired: Desired, host: HostReader): Standing {
  const stat = host.stat(desired.path);
  const unpacked = readUnpacked(desired.path, host);
  if (stat && unpacked) {
    const { sha256, strip, isWhole } = unpacked;
    const owners = inspectOwners(stat, host, desired);
    return { type: 'unpacked', sha256, strip, isWhole, mode: formatMode(stat.mode), ...owners };
  }
  if (stat?.type !== 'file') return { type: stat?.type ?? 'absent' };
  const { size, mode } = stat;
  const sha256 = host.digest(desired.path) ?? '';
  return { type: 'file', sha256, size, mode: formatMode(mode), ...inspectOwners(stat, host, desired) };
}
