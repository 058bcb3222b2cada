import { readFileSync } from 'node:fs';
import type { Head } from '../model/revision.ts';

/** Commit and branch from the files of `.git`: a converged run starts no process. */
export function readHead(root: string): Head {
  const nothing = { commit: null, branch: null };
  const head = readText(`${root}/.git/HEAD`)?.trim();
  if (head === undefined) return nothing;
  const reference = /^ref: (refs\/heads\/(.+))$/.exec(head);
  if (!reference) return /^[0-9a-f]{40,64}$/.test(head) ? { commit: head, branch: null } : nothing;
  const [, name = '', branch = ''] = reference;
  const packed = new RegExp(`^([0-9a-f]{40,64}) ${RegExp.escape(name)}$`, 'm');
  const commit = readText(`${root}/.git/${name}`)?.trim() ?? packed.exec(readText(`${root}/.git/packed-refs`) ?? '')?.[1];
  return { commit: commit ?? null, branch };
}

function readText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
