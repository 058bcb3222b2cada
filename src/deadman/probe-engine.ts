import { once } from 'node:events';
import { existsSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { isObject } from '../model/json.ts';
import { readBounded } from '../model/read-bounded.ts';
import { controlSocket } from '../state/state-directory.ts';

/** Milliseconds. */
const patience = 5_000;
const largestAnswer = 1024 * 1024;

/**
 * A sign of life of the reconciler's agent: another one after each of its looks at the host. Undefined where nobody answers. Needs
 * nothing of the engine but its socket, and never fails.
 */
export async function probeEngine(stateDirectory: string): Promise<string | undefined> {
  const socketPath = controlSocket(stateDirectory);
  if (!existsSync(socketPath)) return undefined;
  try {
    const status: unknown = JSON.parse(await ask(socketPath));
    return isObject(status) ? JSON.stringify([status['startedAt'], status['passes']]) : undefined;
  } catch {
    // Whatever it is: it has given no sign.
    return undefined;
  }
}

async function ask(socketPath: string): Promise<string> {
  const { request } = await import('node:http');
  const signal = AbortSignal.timeout(patience);
  const call = request({ socketPath, path: '/api/v1/status', signal, agent: false }).end();
  // What it has lost of its answer, the answer says.
  call.on('error', () => undefined);
  const [response] = (await once(call, 'response')) as [IncomingMessage];
  return String(await readBounded(response, largestAnswer));
}
