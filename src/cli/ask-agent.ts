import { callAgent } from '../agent/control-client.ts';
import { ownAccount } from '../host/own-account.ts';
import { isObject } from '../model/json.ts';
import { controlSocket, stateDirectory } from '../state/state-directory.ts';
import { ExitError } from '../model/exit-error.ts';
import type { Invocation } from './invocation.ts';
import { rootOption } from './request.ts';

type Question = Parameters<typeof callAgent>[1];

/** What the running agent answers; undefined when none runs. An answer that says no is an error of its words. */
export async function askAgent(invocation: Invocation, question: Question): Promise<unknown> {
  const socket = controlSocket(stateDirectory(rootOption(invocation)));
  const answer = await callAgent(socket, question, invocation.signal);
  if (!answer || answer.status < 300) return answer?.body;
  const { error, hint } = isObject(answer.body) ? answer.body : {};
  const text = typeof error === 'string' ? error : `the agent answered with status ${answer.status}`;
  throw new ExitError(answer.status < 500 ? 'usage' : 'error', text, typeof hint === 'string' ? hint : undefined);
}

/** The same for what nobody but a running agent can answer. */
export async function requireAgent(invocation: Invocation, question: Question): Promise<unknown> {
  const answer = await askAgent(invocation, question);
  if (answer === undefined) throw noAgent(invocation);
  return answer;
}

/** The error for what only a running agent knows or does. */
export function noAgent(invocation: Invocation): Error {
  const start = 'systemctl start timmy-reconciler, or reconcile agent; a plain reconcile needs none';
  return new ExitError(
    'error',
    `no agent runs for ${stateDirectory(rootOption(invocation))}`,
    process.geteuid?.() === 0 ? start : `sudo, if it is the agent of root; else ${start}`,
  );
}

/** Who asks, for the records: the person behind sudo where there is one. */
export const ownName = (): string => process.env['SUDO_USER'] || ownAccount().name || 'unknown';
