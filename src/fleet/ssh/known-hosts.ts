import { hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { ConnectionError } from '../connection.ts';
import { OwnFault, ownFaultOf } from '../own-fault.ts';
import { keyTypeOf } from './public-key.ts';
import { indexPatterns } from './match-pattern.ts';

/** One line of a known_hosts file. */
export interface KnownKey {
  /** What the line says of the key: it may be trusted, it must not be, it signs the keys of hosts. */
  readonly role: 'trusted' | 'revoked' | 'authority';
  /** The first field: patterns, or one hashed name. */
  readonly names: string;
  readonly hashed: HashedName | undefined;
  /** The public key as SSH sends it. */
  readonly key: Buffer;
  readonly type: string;
  readonly file: string;
  readonly line: number;
}

/** HMAC-SHA1 of a name, with its key made ready: a third of what `createHmac` costs, and there are thousands of these. */
interface HashedName {
  readonly inner: Buffer;
  readonly outer: Buffer;
  readonly mac: string;
}

/** Bytes; a hundred thousand hosts. */
const largest = 16 * 1024 * 1024;
const roles: Readonly<Record<string, KnownKey['role']>> = { '@revoked': 'revoked', '@cert-authority': 'authority' };

/** The lines of a known_hosts file. As in OpenSSH, a line that cannot be read is none. */
export function parseKnownHosts(text: string, file: string): readonly KnownKey[] {
  return text.split('\n').flatMap((content, index) => {
    const words = content.trim().split(/[ \t]+/);
    const isMarked = words[0]?.startsWith('@') === true;
    const role = isMarked ? roles[words[0]!] : 'trusted';
    const [names = '', type = '', encoded = ''] = isMarked ? words.slice(1) : words;
    if (role === undefined || names === '' || names.startsWith('#')) return [];
    if (!/^[A-Za-z0-9+/]+={0,2}$/.test(encoded)) return [];
    const key = Buffer.from(encoded, 'base64');
    return keyTypeOf(key) === type ? [{ role, names, hashed: readHashed(names), key, type, file, line: index + 1 }] : [];
  });
}

/** The lines of a file; none where there is no such file. Throws a `ConnectionError` when it cannot be read, or is too large to be one. */
export function readKnownHosts(file: string): readonly KnownKey[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return [];
    throw ownFaultOf(error) ?? new OwnFault(`the known hosts in ${file} cannot be read (${code})`);
  }
  if (text.length > largest) throw new ConnectionError('untrusted', `the known hosts in ${file} have more than 16 MiB`);
  return parseKnownHosts(text, file);
}

/**
 * The lines that speak of a host, in their order: `web1.example`, `[web1.example]:2222`. Each hashed line has to be tried, which for
 * 5,000 hosts that are all hashed takes 15 seconds, so that none is tried twice for a host, nor once it is known whose it is.
 */
export function indexKnownHosts(keys: readonly KnownKey[]): (host: string) => readonly KnownKey[] {
  const namedBy = indexPatterns(keys.map(({ names }) => (names.startsWith('|') ? [] : names.split(','))));
  const hashed = new Map([...keys.entries()].flatMap(([index, key]) => (key.hashed ? [[index, key.hashed] as const] : [])));
  const answers = new Map<string, readonly KnownKey[]>();
  return (host) => {
    const name = host.toLowerCase();
    const known = answers.get(name);
    if (known) return known;
    const isName = hashesOf(name);
    const found = [...hashed].flatMap(([index, each]) => (isName(each) ? [index] : []));
    for (const index of found) hashed.delete(index);
    const answer = [...namedBy(name), ...found].sort((one, other) => one - other).map((index) => keys[index]!);
    answers.set(name, answer);
    return answer;
  };
}

/** Whether a hashed name is this one. In memory that is made once, with texts for digests, it takes less than half of the time. */
function hashesOf(name: string): (hashed: HashedName) => boolean {
  const first = Buffer.concat([Buffer.alloc(64), Buffer.from(name)]);
  const second = Buffer.alloc(64 + 20);
  return ({ inner, outer, mac }) => {
    first.set(inner);
    second.set(outer);
    second.write(hash('sha1', first, 'binary'), 64, 'latin1');
    return hash('sha1', second, 'base64') === mac;
  };
}

function readHashed(names: string): HashedName | undefined {
  const [, salt = '', mac = ''] = /^\|1\|([^|]*)\|([^|]*)$/.exec(names) ?? [];
  const key = Buffer.from(salt, 'base64');
  if (key.length === 0 || key.length > 64) return undefined;
  const inner = Buffer.alloc(64, 0x36);
  const outer = Buffer.alloc(64, 0x5c);
  for (const [index, byte] of key.entries()) {
    inner[index] = byte ^ 0x36;
    outer[index] = byte ^ 0x5c;
  }
  return { inner, outer, mac };
}
