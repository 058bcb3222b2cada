import { createHmac, randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { writeAtomically } from '../../source/write-atomically.ts';
import { syncDirectory } from '../../state/durable-file.ts';
import { ConnectionError } from '../connection.ts';
import type { KnownHost } from './host-key.ts';
import { parseKnownHosts, type KnownKey } from './known-hosts.ts';
import { keyTypeOf } from './public-key.ts';

interface Enrolment {
  readonly known: KnownHost;
  readonly key: Buffer;
  /** The known_hosts file of the user. */
  readonly file: string;
  readonly isHashed: boolean;
  /** Lines that the new one takes the place of. */
  readonly replaced: readonly KnownKey[];
}

/**
 * Adds a host's key to the known_hosts file of the user, which is made (0600) where there is none; durable when it returns. A line
 * that it takes the place of must be in this file and name the host itself, by no pattern; otherwise nothing is written and a
 * `ConnectionError` says which. What such a line says of other names stays.
 */
export function enrolHost({ known: { name }, key, file, isHashed, replaced }: Enrolment): void {
  const foreign = replaced.find((line) => line.file !== file || !otherNames(line, name));
  if (foreign) {
    const message = `${foreign.file}:${foreign.line} says more than the key of ${name}, and was left as it is`;
    throw new ConnectionError('untrusted', message, { hint: 'take the old key out of it with an editor' });
  }
  const line = `${isHashed ? hashed(name) : name} ${keyTypeOf(key)} ${key.toString('base64')}\n`;
  if (replaced.length === 0) append(file, line);
  else {
    const text = readFileSync(file, 'utf8');
    // Not by their numbers: what was enrolled before, or somebody else has written meanwhile, may have moved them.
    const gone = parseKnownHosts(text, file).filter((each) => replaced.some((old) => isSame(each, old, name)));
    if (!replaced.every((old) => gone.some((each) => isSame(each, old, name))))
      throw new ConnectionError('untrusted', `${file} was changed meanwhile; nothing was written`, { hint: 'call it again' });
    const byNumber = new Map(gone.map((each) => [each.line, each]));
    const kept = text
      .split('\n')
      .flatMap((content, index) => {
        const old = byNumber.get(index + 1);
        const others = old && otherNames(old, name);
        if (!others) return [content];
        return others.length === 0 ? [] : [content.replace(old.names, () => others.join(','))];
      })
      .join('\n');
    // Through a link, as ssh does: the file may stand among others that are kept in a repository.
    writeAtomically(realpathSync(file), `${kept}${kept === '' || kept.endsWith('\n') ? '' : '\n'}${line}`, 0o600);
  }
}

/** The other names may have changed with what was enrolled before. */
const isSame = (one: KnownKey, other: KnownKey, name: string): boolean =>
  one.role === other.role &&
  one.key.equals(other.key) &&
  (one.names === other.names || (isNamed(one, name) && isNamed(other, name)));

const isNamed = ({ names }: KnownKey, name: string): boolean => names.toLowerCase().split(',').includes(name);

/** The names of a line beside this one; undefined where it has patterns. One that is hashed is alone. */
function otherNames({ names }: KnownKey, name: string): readonly string[] | undefined {
  if (names.startsWith('|')) return [];
  return /[*?!]/.test(names) ? undefined : names.split(',').filter((each) => each.toLowerCase() !== name);
}

function hashed(name: string): string {
  const salt = randomBytes(20);
  return `|1|${salt.toString('base64')}|${createHmac('sha1', salt).update(name).digest('base64')}`;
}

function append(file: string, line: string): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const descriptor = openSync(file, 'a+', 0o600);
  try {
    const before = readFileSync(descriptor);
    const isOpen = before.length > 0 && before.at(-1) !== 0x0a;
    writeFileSync(descriptor, isOpen ? `\n${line}` : line);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  syncDirectory(dirname(file));
}
