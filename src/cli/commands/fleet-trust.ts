import { ConnectionError } from '../../fleet/connection.ts';
import { meetHosts, type Meeting } from '../../fleet/meet-hosts.ts';
import { openRoutes } from '../../fleet/ssh/routes.ts';
import { fleetExit } from '../../model/fleet-exit.ts';
import type { HostVerdict } from '../../model/fleet.ts';
import { count } from '../../report/render-text.ts';
import { askPerson } from '../ask-person.ts';
import { ExitError } from '../../model/exit-error.ts';
import { chooseTargets, sshSettings } from '../fleet-command.ts';
import type { Invocation } from '../invocation.ts';
import { sourceOption } from '../request.ts';

/** For the exit code, as of every fleet command. */
type Refusal = Extract<HostVerdict, 'untrusted' | 'unreachable'>;
type Shown = Extract<Meeting, { readonly shown: string }>;

/** Shows the keys of hosts, and enrols those that are not known yet when somebody says so. Exits 7 when a key was refused, 3 when a host did not answer. */
export async function run(invocation: Invocation): Promise<number> {
  const { signal, options } = invocation;
  const { targets } = await chooseTargets(sourceOption(invocation), invocation.arguments[0]!, 'trust');
  await using routes = openRoutes(signal, sshSettings(invocation));
  const meetings = await meetHosts(targets, routes, signal);
  const wanted: Shown[] = [];
  const refused: { readonly verdict: Refusal }[] = [];
  const refuse = (host: string, message: string, hint: string | undefined, verdict: Refusal = 'untrusted'): void => {
    process.stderr.write(`${host}: ${message}${hint === undefined ? '' : `; ${hint}`}\n`);
    refused.push({ verdict });
  };
  for (const meeting of meetings) {
    const { host } = meeting;
    if ('failure' in meeting) {
      const { message, hint, absence } = meeting.failure;
      refuse(host, message, hint, absence === 'untrusted' ? 'untrusted' : 'unreachable');
      continue;
    }
    const { judged, shown } = meeting;
    const isWanted = judged.verdict === 'unknown' || (judged.verdict === 'changed' && options['replace'] === true);
    if (isWanted) wanted.push(meeting);
    else if (judged.verdict !== 'known') refuse(host, judged.message, judged.hint);
    if (isWanted || judged.verdict === 'known') process.stdout.write(`${host}: ${line(meeting, shown)}\n`);
  }
  if (wanted.length === 0) return fleetExit(refused);
  const question = `Is ${count(wanted.length, 'key')} what the hosts themselves show, and to be trusted?`;
  const isAgreed = options['yes'] === true || (await askPerson(question, signal));
  if (isAgreed !== true)
    throw new ExitError(
      'usage',
      'nothing was written',
      isAgreed === undefined ? 'give --yes where nobody can be asked' : undefined,
    );
  const done = new Set<string>();
  for (const { host, shown, file, enrol } of wanted) {
    try {
      if (!done.has(shown)) enrol();
      done.add(shown);
      process.stdout.write(`${host}: added to ${file}\n`);
    } catch (error) {
      if (!(error instanceof ConnectionError)) throw error;
      refuse(host, error.message, error.hint);
    }
  }
  return fleetExit(refused);
}

function line({ judged }: Shown, shown: string): string {
  if (judged.verdict === 'known') return `known already: ${shown}`;
  return judged.verdict === 'changed' ? `replaces: ${judged.message}` : shown;
}
