import { readPrivateFile } from '../../source/private-file.ts';
import { AgentError } from '../agent-error.ts';

/** Bytes. A shorter one could be guessed; `openssl rand -hex 32` makes 64. */
const shortest = 32;

/** The secret of a file of one line, without the newline that editors add. Throws for a file that is refused and a secret that is too short. */
export function readSecret(file: string, purpose: string): Buffer {
  const recipe = `write it: (umask 077; openssl rand -hex 32 > ${file})`;
  const read = readPrivateFile(file, purpose);
  if ('refused' in read) throw new AgentError(read.refused, read.isMissing ? recipe : read.hint);
  const secret = read.bytes;
  const end = secret.at(-1) !== 10 ? secret.length : secret.at(-2) === 13 ? secret.length - 2 : secret.length - 1;
  if (end < shortest) throw new AgentError(`the ${purpose} ${file} has ${end} bytes; it needs at least ${shortest}`, recipe);
  return secret.subarray(0, end);
}
