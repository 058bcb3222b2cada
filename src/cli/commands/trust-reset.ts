import { isCommitId } from '../../model/revision.ts';
import { resetTrust } from '../../source/git/trust-memory.ts';
import { openAgentState } from '../../state/agent-state.ts';
import { stateDirectory } from '../../state/state-directory.ts';
import { ExitError } from '../../model/exit-error.ts';
import { textOption, type Invocation } from '../invocation.ts';
import { rootOption } from '../request.ts';

/** Sets the commit that revisions must be on top of. A full id: an abbreviation could be made to name another commit. */
export async function run(invocation: Invocation): Promise<number> {
  const commit: string = textOption(invocation, 'to') ?? '';
  if (!isCommitId(commit)) {
    const message = `trust reset needs --to with the full id of a commit, not "${String(commit)}"`;
    throw new ExitError('usage', message, 'git rev-parse BRANCH shows it; look at what it brings before you trust it');
  }
  const directory = stateDirectory(rootOption(invocation));
  using state = openAgentState(directory);
  resetTrust(state.memory('source'), directory, commit);
  process.stdout.write(`Revisions on top of ${commit} are trusted now; the next run fetches them\n`);
  return 0;
}
