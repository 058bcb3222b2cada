import { closeSync, openSync, readSync } from 'node:fs';
import { largestBundle } from '../../model/visit.ts';
import { explainFetchFailure } from './fetch-failure.ts';
import { GitFailure, runGit, type GitCall } from './run-git.ts';

/** Why a bundle gave nothing. `mayBeMirror`: the fault may be in the mirror. */
export interface Unusable {
  /** Refused like objects of a remote, or only not to be used. */
  readonly exit: 'refused' | 'error';
  readonly message: string;
  readonly hint: string;
  readonly mayBeMirror: boolean;
}

const signature = '# v2 git bundle\n';
/** Bytes, of the list of commits in front of the pack. */
const longestHead = 64 * 1024;

/**
 * Takes the objects of a bundle into the mirror, none if one of them is damaged, refused by git or stands on what neither of both
 * has. Not by `git fetch`, which checks less of a bundle than of what comes from a remote, and takes four processes for it.
 */
export async function unbundle(call: GitCall, file: string, commit: string): Promise<Unusable | undefined> {
  const descriptor = openSync(file, 'r');
  try {
    const head = readHead(descriptor);
    if (head === undefined) return unusable('what was sent is not a git bundle');
    if (!head.tips.includes(commit)) return unusable(`the bundle does not bring ${commit}`);
    // What git reads begins where this ends.
    readSync(descriptor, Buffer.alloc(head.length), 0, head.length, null);
    await runGit(call, ['index-pack', '--stdin', '--fix-thin', '--strict', `--max-input-size=${largestBundle}`], descriptor);
    return undefined;
  } catch (error) {
    if (!(error instanceof GitFailure)) throw error;
    if (
      /did not receive expected object|unresolved delta|Failed to traverse parents|missing (?:blob|tree|commit)/i.test(
        error.stderr,
      )
    )
      return { ...unusable('the bundle stands on commits that are not on this host'), mayBeMirror: true };
    const { message, hint, mayBeMirror } = explainFetchFailure(error, `${call.timeout / 1000}s`, []);
    const exit = message.startsWith('it sends objects') ? 'refused' : 'error';
    return { exit, message: `the bundle cannot be taken: ${message}`, hint, mayBeMirror };
  } finally {
    closeSync(descriptor);
  }
}

const unusable = (message: string): Unusable => ({ exit: 'error', message, hint: 'push again', mayBeMirror: false });

function readHead(descriptor: number): { readonly tips: readonly string[]; readonly length: number } | undefined {
  const bytes = Buffer.alloc(longestHead);
  const text = bytes.toString('latin1', 0, readSync(descriptor, bytes, 0, longestHead, 0));
  const end = text.indexOf('\n\n');
  if (!text.startsWith(signature) || end < 0) return undefined;
  const lines = text.slice(signature.length, end).split('\n');
  return { tips: lines.flatMap((line) => /^([0-9a-f]{40}) /.exec(line)?.[1] ?? []), length: end + 2 };
}
