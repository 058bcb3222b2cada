import { describeKey, keyTypeOf } from './public-key.ts';
import type { KnownKey } from './known-hosts.ts';
import type { RevokedKeys } from './revoked-keys.ts';

/** What is known of a host before it shows its key. */
export interface KnownHost {
  /** As known_hosts files name it: `web1.example`, `[web1.example]:2222`, or its alias. */
  readonly name: string;
  /** The lines about this name. */
  readonly lines: readonly KnownKey[];
  /**
   * The lines about the host at the usual port that count here too: those that revoke a key and, as in OpenSSH, those that trust one
   * where none is trusted under `name`.
   */
  readonly plainLines: readonly KnownKey[];
  /** What `RevokedHostKeys` names. */
  readonly revoked: readonly RevokedKeys[];
  /** Files that were looked at. */
  readonly files: readonly string[];
  /** Command lines that enrol the key it shows, and that do so although another is known. */
  readonly enrol: { readonly add: string; readonly replace: string };
}

export type KeyVerdict =
  | { readonly verdict: 'known' }
  | { readonly verdict: 'unknown' | 'changed' | 'revoked'; readonly message: string; readonly hint: string };

/** The algorithms with which a host may prove itself: those of the keys that are known of it first, so that it shows one of these. */
const algorithms: Readonly<Record<string, readonly string[]>> = {
  'ssh-ed25519': ['ssh-ed25519'],
  'ecdsa-sha2-nistp256': ['ecdsa-sha2-nistp256'],
  'ecdsa-sha2-nistp384': ['ecdsa-sha2-nistp384'],
  'ecdsa-sha2-nistp521': ['ecdsa-sha2-nistp521'],
  'ssh-rsa': ['rsa-sha2-512', 'rsa-sha2-256'],
};

interface Named {
  readonly hostname: string;
  readonly port: number;
  readonly alias: string | undefined;
  /** Its name in the inventory; undefined for a jump host, which may not stand there. */
  readonly inventoryName: string | undefined;
}

/** What the operator's files say of a host, under the name that OpenSSH looks it up by. */
export function findKnownHost(
  { hostname, port, alias, inventoryName }: Named,
  files: readonly { readonly file: string; readonly about: (host: string) => readonly KnownKey[] }[],
  revoked: readonly RevokedKeys[],
): KnownHost {
  const plain = (alias ?? hostname).toLowerCase();
  const name = alias !== undefined || port === 22 ? plain : `[${plain}]:${port}`;
  const about = (host: string): readonly KnownKey[] => files.flatMap((each) => each.about(host));
  const lines = about(name);
  const isKnown = lines.some(({ role }) => role === 'trusted');
  const trust = `reconcile fleet trust ${inventoryName}`;
  const enrol =
    inventoryName === undefined
      ? { add: `ssh -p ${port} ${hostname}`, replace: `ssh-keygen -R '${name}'` }
      : { add: trust, replace: `${trust} --replace` };
  return {
    name,
    enrol,
    lines,
    plainLines: name === plain ? [] : about(plain).filter(({ role }) => role === 'revoked' || !isKnown),
    revoked,
    files: files.map(({ file }) => file),
  };
}

/** In the order in which they are offered: those of keys that are trusted first, so that the host shows one of these. */
export function hostKeyAlgorithms({ lines, plainLines }: KnownHost): readonly string[] {
  const trusted = [...lines, ...plainLines].filter(({ role }) => role === 'trusted').map(({ type }) => type);
  return [...new Set([...trusted, ...Object.keys(algorithms)].flatMap((type) => algorithms[type] ?? []))];
}

/** What to make of the key that a host shows. */
export function judgeHostKey({ name, lines, plainLines, revoked, files, enrol }: KnownHost, key: Buffer): KeyVerdict {
  const shown = describeKey(key);
  const place = ({ file, line }: KnownKey): string => `${file}:${line}`;
  const line = [...lines, ...plainLines].find((known) => known.role === 'revoked' && known.key.equals(key));
  const revokedBy = line ? place(line) : revoked.find((list) => list.has(key))?.file;
  if (revokedBy !== undefined) {
    const message = `${name} shows the ${shown}, which ${revokedBy} revokes`;
    return { verdict: 'revoked', message, hint: 'it may be in the wrong hands: give the host a new key' };
  }
  const trusted = lines.filter(({ role }) => role === 'trusted');
  if ([...trusted, ...plainLines].some((known) => known.role === 'trusted' && known.key.equals(key))) return { verdict: 'known' };
  const type = keyTypeOf(key);
  const other = trusted.find((known) => known.type === type) ?? trusted[0];
  if (other) {
    const message = `${name} shows the ${shown}, but is known by the ${describeKey(other.key)} (${place(other)})`;
    const hint = `somebody may stand in between; if its key was really replaced: ${enrol.replace}`;
    return { verdict: 'changed', message, hint };
  }
  const authority = lines.find(({ role }) => role === 'authority');
  const why = authority
    ? `is known only by an authority (${place(authority)}), and certificates of hosts are not understood`
    : `is not known in ${files.join(' or ')}`;
  const hint = `compare it with what \`ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub\` shows there, then: ${enrol.add}`;
  return { verdict: 'unknown', message: `${name} ${why}; it shows the ${shown}`, hint };
}
