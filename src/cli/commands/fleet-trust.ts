import { ConnectionError } from '../../fleet/connection.ts';
import { meetHosts, type Meeting } from '../../fleet/meet-hosts.ts';
import { openRoutes } from '../../fleet/ssh/routes.ts';
import { exitCodes } from '../../model/exit-code.ts';
import { count } from '../../report/render-text.ts';
import { askPerson } from '../ask-person.ts';
import { cliError } from '../cli-error.ts';
import { chooseTargets, sshSettings } from '../fleet-command.ts';
import type { Invocation } from '../invocation.ts';
import { sourceOption } from '../request.ts';

type Shown = Extract<Meeting, { readonly shown: string }>;

/** Where some hosts do not answer, as for every fleet command. */
const someUnreachable = 3;

/** Shows the keys of hosts, and enrols those that are not known yet when somebody says so. Exits 7 when a key was refused, 3 when a host did not answer. */
export async function run(invocation: Invocation): Promise<number> {
  const { signal, options } = invocation;
  const { targets } = chooseTargets(sourceOption(invocation), invocation.arguments[0]!);
  await using routes = openRoutes(signal, sshSettings(invocation));
  const meetings = await meetHosts(targets, routes, signal);
  const wanted: Shown[] = [];
  let exit = 0;
  const refuse = (host: string, message: string, hint: string | undefined, code: number): void => {
    process.stderr.write(`${host}: ${message}${hint === undefined ? '' : `; ${hint}`}\n`);
    exit = Math.max(exit, code);
  };
  for (const meeting of meetings) {
    const { host } = meeting;
    if ('failure' in meeting) {
      const { message, hint, absence } = meeting.failure;
      refuse(host, message, hint, absence === 'untrusted' ? exitCodes.refused.code : someUnreachable);
      continue;
    }
    const { judged, shown } = meeting;
    const isWanted = judged.verdict === 'unknown' || (judged.verdict === 'changed' && options['replace'] === true);
    if (isWanted) wanted.push(meeting);
    else if (judged.verdict !== 'known') refuse(host, judged.message, judged.hint, exitCodes.refused.code);
    if (isWanted || judged.verdict === 'known') process.stdout.write(`${host}: ${line(meeting, shown)}\n`);
  }
  if (wanted.length === 0) return exit;
  const question = `Is ${count(wanted.length, 'key')} what the hosts themselves show, and to be trusted?`;
  const isAgreed = options['yes'] === true || (await askPerson(question, signal));
  if (isAgreed !== true)
    throw cliError('usage', 'nothing was written', isAgreed === undefined ? 'give --yes where nobody can be asked' : undefined);
  const done = new Set<string>();
  for (const { host, shown, file, enrol } of wanted) {
    try {
      if (!done.has(shown)) enrol();
      done.add(shown);
      process.stdout.write(`${host}: added to ${file}\n`);
    } catch (error) {
      if (!(error instanceof ConnectionError)) throw error;
      refuse(host, error.message, error.hint, exitCodes.refused.code);
    }
  }
  return exit;
}

function line({ judged }: Shown, shown: string): string {
  if (judged.verdict === 'known') return `known already: ${shown}`;
  return judged.verdict === 'changed' ? `replaces: ${judged.message}` : shown;
}
