import type { RolloutState } from '../model/rollout.ts';
import { fit } from './fit.ts';
import { longestMessage, nameList, usualWidth, verdictColour, verdictWords } from './fleet-words.ts';
import { moment } from './moment.ts';
import type { Paint } from './paint.ts';
import { rolloutCommand } from './rollout-command.ts';

/** How far a rollout is, wave by wave. `isAtWork`: its process runs. `wish`: what somebody at another terminal wants of it. */
export function renderRollout(
  state: RolloutState,
  { isAtWork, wish }: { readonly isAtWork: boolean; readonly wish: { readonly word: string; readonly by: string } | undefined },
  paint: Paint,
  columns = usualWidth,
): string {
  const isAborted = wish?.word === 'abort';
  const isOver = (state.phase !== 'running' && state.phase !== 'halting') || (isAborted && !isAtWork);
  const branch = state.branch === null ? '' : ` (${fit(state.branch, 60)})`;
  const lines = [`${paint('bold', state.commit.slice(0, 8))}${branch}: ${phaseInWords(state, isAtWork, isAborted)}`];
  if (wish?.word === 'pause')
    lines.push(paint('yellow', `paused by ${fit(wish.by, 80)}; reconcile fleet rollout resume goes on`));
  // What was interrupted and then aborted does not go on.
  if (state.reason !== null && !(isAborted && !isAtWork && state.phase === 'running'))
    lines.push(paint('red', fit(state.reason, longestMessage)));
  for (const wave of state.waves) {
    const of = (standing: string): readonly string[] => wave.hosts.filter((host) => state.hosts[host]?.standing === standing);
    const healthy = of('healthy').length;
    const left = wave.hosts.length - healthy - of('failed').length - of('absent').length;
    const parts = [
      `${healthy} of ${wave.hosts.length} healthy`,
      ...(of('failed').length > 0 ? [paint('red', `${of('failed').length} failed`)] : []),
      ...(of('absent').length > 0 ? [`${of('absent').length} absent`] : []),
      ...(left > 0 ? [`${left} to come`] : []),
    ];
    const watched = !isOver && !wave.isDone && wave.until !== null ? `, watched until ${wave.until.slice(11, 19)}Z` : '';
    lines.push(`  ${wave.isDone ? paint('green', 'done') : '    '}  ${fit(wave.name, 64)}: ${parts.join(', ')}${watched}`);
    for (const host of [...of('failed'), ...of('absent')]) {
      const { verdict, message } = state.hosts[host]!;
      lines.push(
        `        ${fit(host, 40)}: ${paint(verdictColour(verdict), verdictWords[verdict])}: ${fit(message, longestMessage)}`,
      );
    }
    if (left > 0 && left < wave.hosts.length) {
      const names = wave.hosts.filter((host) => !state.hosts[host]);
      lines.push(`        to come: ${nameList(names, columns - 20)}`);
    }
  }
  return `${lines.join('\n')}\n`;
}

function phaseInWords(state: RolloutState, isAtWork: boolean, isAborted: boolean): string {
  const { phase, startedAt } = state;
  const since = moment(startedAt);
  switch (phase) {
    case 'running':
    case 'halting':
      if (isAtWork) return `at work since ${since}${isAborted ? ', ends as it was aborted' : ''}`;
      return isAborted
        ? `aborted (begun ${since})`
        : `left in the middle; ${rolloutCommand(state)} goes on where it was (begun ${since})`;
    case 'halted':
      return `halted (begun ${since})`;
    case 'aborted':
      return `aborted (begun ${since})`;
    case 'finished':
      return `finished (begun ${since})`;
  }
}
