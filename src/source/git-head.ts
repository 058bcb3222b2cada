import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { isCommitId, type Head } from '../model/revision.ts';

/**
 * Commit and branch from git's own files, also those of a linked worktree: a converged run starts no process. What is no commit id is
 * none: git takes words for options.
 */
export function readHead(root: string): Head {
  const plain = `${root}/.git`;
  const own = readText(`${plain}/HEAD`);
  const { head, shared } = own === undefined ? linkedHead(root) : { head: own, shared: plain };
  const [, name, branch] = /^ref: (refs\/heads\/(.+))$/.exec(head.trim()) ?? [];
  if (name === undefined || branch === undefined) return { commit: idOf(head.trim()), branch: null };
  const packed = new RegExp(`^([0-9a-f]{40,64}) ${RegExp.escape(name)}$`, 'm');
  const tip = readText(`${shared}/${name}`)?.trim() ?? packed.exec(readText(`${shared}/packed-refs`) ?? '')?.[1];
  return { commit: idOf(tip), branch };
}

/** That of a linked worktree, whose `.git` says where it stands, and the directory that has the branches of all. */
function linkedHead(root: string): { readonly head: string; readonly shared: string } {
  const own = resolve(root, /^gitdir: (.+)$/m.exec(readText(`${root}/.git`) ?? '')?.[1] ?? '.git');
  return { head: readText(`${own}/HEAD`) ?? '', shared: resolve(own, readText(`${own}/commondir`)?.trim() ?? '.') };
}

const idOf = (text: string | undefined): string | null => (isCommitId(text) ? text : null);

function readText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
