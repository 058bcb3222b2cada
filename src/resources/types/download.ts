import { milliseconds } from '../../model/duration.ts';
import { converged, type Change } from '../../model/plan.ts';
import { largestUndo } from '../../model/undo-limit.ts';
import { fetchFile } from '../fetch-file.ts';
import { formatMode, parseMode } from '../file-mode.ts';
import {
  accountsOf,
  applyOwners,
  diffOwners,
  inspectOwners,
  keptOwners,
  ownerIds,
  ownershipOf,
  type OwnedState,
} from '../ownership.ts';
import { defineResourceType, type Refusal, type Vocabulary } from '../resource-type.ts';

const mebibyte = 1024 * 1024;

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
      mode: fileMode.default('0644'),
      owner: ownerName.optional(),
      group: ownerName.optional(),
      max_mib: z
        .number()
        .int()
        .min(1)
        .max(largestUndo / mebibyte)
        .default(largestUndo / mebibyte)
        .meta({ description: 'Largest size that is taken, in MiB.' }),
      timeout: duration.default('10m').meta({ description: 'Longest time for all of it, two more tries included.' }),
    })
    .superRefine(({ ensure, ...value }, context) => {
      for (const key of ['url', 'sha256'] as const)
        if (ensure === 'present' && value[key] === undefined)
          context.addIssue({ code: 'custom', path: [key], message: 'is needed unless the file is absent' });
    });

interface Desired {
  readonly path: string;
  /** Undefined: gone. */
  readonly from?: { readonly url: string; readonly sha256: string; readonly redirects: readonly string[] };
  readonly mode: string;
  readonly owner?: string;
  readonly group?: string;
  /** Bytes. */
  readonly maxSize: number;
  /** Milliseconds. */
  readonly timeout: number;
}

type State =
  | { readonly type: 'absent' | 'directory' | 'link' | 'other' }
  | ({ readonly type: 'file'; readonly sha256: string; readonly size: number; readonly mode: string } & OwnedState);

/** A file that neither git nor a package brings. */
export const download = defineResourceType({
  kind: 'download',
  summary:
    'A file from a URL, known by its SHA-256: fetched when the file on the host has another, and never put in place otherwise.',
  spec,
  identify: ({ path }) => path,
  prepare: ({ path, ensure, url, sha256, redirects, mode, owner, group, max_mib: limit, timeout }): Desired => ({
    path,
    ...(ensure === 'present' && { from: { url: new URL(url ?? '').href, sha256: sha256 ?? '', redirects } }),
    mode: formatMode(parseMode(mode)),
    ...ownershipOf({ owner, group }),
    maxSize: limit * mebibyte,
    timeout: milliseconds(timeout),
  }),
  inspect: (desired, { host }): State => {
    const stat = host.stat(desired.path);
    if (stat?.type !== 'file') return { type: stat?.type ?? 'absent' };
    const { size, mode } = stat;
    const sha256 = host.digest(desired.path) ?? '';
    return { type: 'file', sha256, size, mode: formatMode(mode), ...inspectOwners(stat, host, desired) };
  },
  diff: (desired, actual) => {
    const { from, mode } = desired;
    const shown = actual.type === 'file' ? actual.sha256 : actual.type === 'absent' ? null : actual.type;
    if (!from) return shown === null ? converged : { action: 'remove', changes: [{ field: 'content', from: shown, to: null }] };
    if (actual.type !== 'file')
      return { action: shown === null ? 'create' : 'replace', changes: [{ field: 'content', from: shown, to: from.sha256 }] };
    const changes: Change[] = [];
    if (actual.sha256 !== from.sha256) changes.push({ field: 'content', from: actual.sha256, to: from.sha256 });
    if (actual.mode !== mode) changes.push({ field: 'mode', from: actual.mode, to: mode });
    changes.push(...diffOwners(desired, actual));
    return changes.length === 0 ? converged : { action: 'update', changes };
  },
  refuses: ({ path, from }, actual) => {
    const refusal = (message: string): Refusal => ({ code: 'unsafe-target', message, hint: 'move it away by hand' });
    if (actual.type === 'directory') return [refusal(`${path} is a directory, not a file`)];
    if (actual.type === 'other') return [refusal(`${path} is a device, fifo or socket, not a file`)];
    if (actual.type !== 'file' || actual.sha256 === from?.sha256 || actual.size <= largestUndo) return [];
    return [refusal(`${path} has ${actual.size} bytes; a rollback could not bring back more than ${largestUndo}`)];
  },
  apply: (desired, changes, { host, signal }) => {
    const { path, from, mode, maxSize, timeout } = desired;
    if (!from) return host.remove(path);
    if (changes.some(({ field }) => field === 'content')) {
      const attributes = { mode: parseMode(mode), ...keptOwners(host.stat(path), host), ...ownerIds(desired, host) };
      return fetchFile({ ...from, maxSize, timeout }, (chunks) => host.writeStream(path, chunks, attributes), signal);
    }
    // The owner first: changing it clears setuid and setgid bits.
    if (changes.some(({ field }) => field !== 'mode')) applyOwners(path, desired, host);
    return host.setMode(path, parseMode(mode));
  },
  watches: ({ path }) => [path],
  owns: ({ path }) => [path],
  touches: ({ path }) => [path],
  requires: (desired) => accountsOf(desired),
  absent: ({ from: _from, ...desired }): Desired => desired,
  contacts: ({ from }) => {
    if (!from) return [];
    const { hostname, protocol } = new URL(from.url);
    const scheme = protocol === 'http:' ? ('http' as const) : ('https' as const);
    return [{ host: hostname, scheme }, ...from.redirects.map((host) => ({ host, scheme: 'https' as const }))];
  },
});
