import { readPrivateFile } from '../source/private-file.ts';

/** The text of a secret file, without the line break that editors add. Throws, with what to do, for one that is refused or empty. */
export function readSecretFile(file: string): string {
  const read = readPrivateFile(file, 'secret file');
  if ('refused' in read) throw new Error(`${read.refused}: ${read.hint}`);
  const text = read.bytes.toString('utf8').replace(/\r?\n$/, '');
  if (text === '') throw new Error(`the secret file ${file} is empty`);
  return text;
}
