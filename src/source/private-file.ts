import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';

/** Bytes of a secret: more is a wrong file. */
const largestSecret = 64 * 1024;
/** Bytes of what others may read. */
const largest = 256 * 1024;

type PrivateFile =
  | { readonly bytes: Buffer }
  | { readonly refused: string; readonly hint: string; readonly isMissing: boolean; readonly cause?: unknown };

/**
 * The bytes of a file that belongs to this user or root and that others cannot read; with `mayBeRead` only not write, for what
 * decides whom this host trusts. What is refused names the file, never what is in it; `purpose` says what it is: `token file`.
 */
export function readPrivateFile(file: string, purpose: string, { mayBeRead = false } = {}): PrivateFile {
  const refused = (why: string, hint: string, isMissing = false): PrivateFile => ({
    refused: `the ${purpose} ${file} ${why}`,
    hint,
    isMissing,
  });
  let descriptor: number;
  try {
    // Opening a fifo must not wait for somebody to write to it.
    descriptor = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === 'ENOENT' || code === 'ENOTDIR'
      ? refused('does not exist', `make it, mode 0600`, true)
      : { ...refused(`cannot be read (${code})`, 'give it to the user who runs this'), cause: error };
  }
  try {
    const { uid, mode, size } = fstatSync(descriptor);
    if ((mode & constants.S_IFMT) !== constants.S_IFREG || size > (mayBeRead ? largest : largestSecret))
      return refused('is not a small regular file', 'name the right one');
    if (uid !== 0 && uid !== process.geteuid?.())
      return refused('belongs to another user', `chown it to root or to the user who runs this`);
    if ((mode & 0o022) !== 0) return refused('can be written by others', `chmod 600 ${file}`);
    if (!mayBeRead && (mode & 0o044) !== 0)
      return refused('can be read by others', `chmod 600 ${file}, and replace the secret if somebody may have seen it`);
    return { bytes: readFileSync(descriptor) };
  } finally {
    closeSync(descriptor);
  }
}
