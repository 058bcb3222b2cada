import { hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { ConnectionError } from '../connection.ts';
import { keyTypeOf } from './public-key.ts';

/** The keys in one file that `RevokedHostKeys` names. */
export interface RevokedKeys {
  readonly file: string;
  has(key: Buffer): boolean;
}

/** How OpenSSH's compact form begins, which `ssh-keygen -k` makes. */
const magic = Buffer.from('SSHKRL\n\0');
/** Bytes behind the version of the form: the version of the list, its date, flags. */
const numbers = 8 + 8 + 8;
/** Bytes; a hundred thousand keys. */
const largest = 16 * 1024 * 1024;

/**
 * Reads a list of public keys, one a line, or OpenSSH's compact form. Throws a `ConnectionError` when it cannot be read, or says
 * something that is not understood here: as in OpenSSH no key is trusted then.
 */
export function readRevokedKeys(file: string): RevokedKeys {
  let revoked: ReadonlySet<string>;
  try {
    const bytes = readFileSync(file);
    if (bytes.length > largest) throw new Error('it has more than 16 MiB');
    const isCompact = bytes.subarray(0, magic.length).equals(magic);
    revoked = new Set(isCompact ? readCompact(bytes.subarray(magic.length)) : readLines(bytes.toString('latin1')));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const hint =
      'without what RevokedHostKeys of the SSH configuration names no key of a host is trusted: mend it, or take it out';
    throw new ConnectionError('untrusted', `the revoked keys in ${file} cannot be read (${code ?? message})`, { hint });
  }
  return {
    file,
    has: (key) => [key.toString('base64'), digest('sha1', key), digest('sha256', key)].some((name) => revoked.has(name)),
  };
}

const digest = (name: 'sha1' | 'sha256', key: Buffer): string => named(name, hash(name, key, 'buffer'));
const named = (name: 'sha1' | 'sha256', value: Buffer): string => `${name}:${value.toString('base64')}`;

/** As in OpenSSH, a line that is no key is none. */
function readLines(text: string): readonly string[] {
  return text.split('\n').flatMap((line) => {
    const [type = '', encoded = ''] = line.trim().split(/[ \t]+/);
    const key = Buffer.from(encoded, 'base64');
    return type !== '' && keyTypeOf(key) === type ? [key.toString('base64')] : [];
  });
}

/** Keys, and digests of keys with their name before them. */
function readCompact(bytes: Buffer): readonly string[] {
  const reader = readerOf(bytes);
  const version = reader.take(4).readUInt32BE();
  if (version !== 1) throw new Error(`it is of the unknown version ${version}`);
  reader.take(numbers);
  // What is reserved, and a comment.
  for (let count = 0; count < 2; count += 1) reader.text();
  const found: string[] = [];
  while (!reader.isAtEnd()) found.push(...readSection(reader.take(1).readUInt8(), readerOf(reader.text())));
  return found;
}

function readSection(type: number, reader: Reader): readonly string[] {
  // Certificates of hosts are not understood, so that none is trusted.
  if (type === 1) return [];
  const texts: Buffer[] = [];
  while (!reader.isAtEnd()) texts.push(reader.text());
  if (type === 2) return texts.map((key) => key.toString('base64'));
  if (type === 3) return texts.map((value) => named('sha1', value));
  if (type === 5) return texts.map((value) => named('sha256', value));
  throw new Error(`it has a section of the unknown type ${type}`);
}

interface Reader {
  isAtEnd(): boolean;
  take(length: number): Buffer;
  /** Bytes with their length before them. */
  text(): Buffer;
}

function readerOf(bytes: Buffer): Reader {
  let at = 0;
  const take = (length: number): Buffer => {
    if (at + length > bytes.length) throw new Error('it is cut off');
    return bytes.subarray(at, (at += length));
  };
  return {
    isAtEnd: () => at === bytes.length,
    take,
    text: () => take(take(4).readUInt32BE()),
  };
}
