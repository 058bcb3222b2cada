import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { isCommitId } from '../../model/revision.ts';

/** Bytes of packed refs that are looked through. */
const mostPacked = 1024 * 1024;

/**
 * What a ref of a bare repository on this machine is at, read without git. Undefined where it cannot be told as easily as that, and
 * where git itself would not read there (another user's repository): then git is to be asked.
 */
export function readLocalTip(directory: string, ref: string): string | undefined {
  try {
    if (statSync(directory).uid !== process.geteuid?.() || !statSync(join(directory, 'objects')).isDirectory()) return undefined;
    return looseTip(join(directory, ref)) ?? packedTip(join(directory, 'packed-refs'), ref);
  } catch {
    return undefined;
  }
}

function looseTip(file: string): string | undefined {
  const stat = statSync(file, { throwIfNoEntry: false });
  if (!stat) return undefined;
  const text = stat.size <= 128 ? readFileSync(file, 'latin1').trim() : '';
  if (!isCommitId(text)) throw new Error('a ref of another form');
  return text;
}

function packedTip(file: string, ref: string): string | undefined {
  if (statSync(file).size > mostPacked) return undefined;
  const line = readFileSync(file, 'latin1')
    .split('\n')
    .find((each) => each.endsWith(` ${ref}`));
  const id = line?.slice(0, -ref.length - 1);
  return isCommitId(id) ? id : undefined;
}
