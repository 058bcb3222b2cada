import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import type { Readable, Writable } from 'node:stream';
import { exitCodes } from '../model/exit-code.ts';
import { isObject, parseJson } from '../model/json.ts';
import type { Declined } from '../model/visit.ts';
import { visitLine } from '../report/render-visit.ts';
import { ExitError } from '../model/exit-error.ts';
import { callAgent } from './control-client.ts';

/** Characters of a line of the answer: a report. */
const longestLine = 64 * 1024 * 1024;
const longestRefusal = 64 * 1024;

/**
 * Lets the agent at `socket` take what `from` brings, and writes what it says. Gives the exit code of what it did; undefined where
 * no agent listens, or one that takes nothing.
 */
export async function handOver(socket: string, from: Readable, to: Writable, signal: AbortSignal): Promise<number | undefined> {
  const greeting = await callAgent(socket, { method: 'GET', path: '/greeting' }, signal);
  if (greeting?.status !== 200) return undefined;
  to.write(`${JSON.stringify(greeting.body)}\n`);
  // Kept alive by the agent, so that what is sent behind what it reads does not fail before its answer is read.
  const headers = { 'content-type': 'application/octet-stream', 'transfer-encoding': 'chunked', connection: 'keep-alive' };
  const call = request({ socketPath: socket, method: 'POST', path: '/receive', headers, agent: false, signal });
  // What the agent answers matters more than that it did not read everything.
  from.on('error', () => call.end());
  from.pipe(call);
  try {
    const [response] = (await once(call, 'response')) as [IncomingMessage];
    call.on('error', () => {});
    if (response.statusCode !== 200) {
      to.write(visitLine(await readRefusal(response), new Date().toISOString()));
      return exitCodes.error.code;
    }
    return exitOf(await copyLines(response, to));
  } catch (error) {
    signal.throwIfAborted();
    throw (error as NodeJS.ErrnoException).code === 'ECONNRESET' ? hasEnded() : error;
  } finally {
    from.unpipe(call);
    from.destroy();
    call.destroy();
  }
}

/** It has taken nothing; what it says of that, as far as it can be understood. */
async function readRefusal(response: IncomingMessage): Promise<Declined> {
  let body = '';
  for await (const text of response.setEncoding('utf8') as AsyncIterable<string>)
    if ((body += text).length > longestRefusal) break;
  const said = parseJson(body);
  const { error, hint } = isObject(said) ? said : {};
  const message = typeof error === 'string' ? error : `the agent answered with status ${response.statusCode}`;
  return { type: 'declined', exit: 'error', message, ...(typeof hint === 'string' && { hint }) };
}

const hasEnded = (): ExitError =>
  new ExitError(
    'error',
    'the agent ended before it had answered',
    'what it had begun is finished, or taken back when it starts: push again',
  );

/** Gives the last line. */
async function copyLines(response: Readable, to: Writable): Promise<string> {
  let line = '';
  let last = '';
  for await (const text of response.setEncoding('utf8') as AsyncIterable<string>) {
    to.write(text);
    const lines = (line + text).split('\n');
    line = lines.pop() ?? '';
    last = lines.pop() ?? last;
    if (line.length > longestLine) throw new Error(`the agent wrote a line of more than ${longestLine} characters`);
  }
  return last;
}

function exitOf(line: string): number {
  const said: unknown = line === '' ? undefined : JSON.parse(line);
  if (isObject(said) && said['type'] === 'finished' && isObject(said['report'])) return Number(said['report']['exit']);
  if (isObject(said) && said['type'] === 'declined') return exitCodes[said['exit'] as keyof typeof exitCodes].code;
  throw hasEnded();
}
