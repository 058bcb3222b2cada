import { existsSync } from 'node:fs';
import { isObject } from '../model/json.ts';
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
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const signal = AbortSignal.timeout(patience);
  request({ socketPath, path: '/api/v1/status', signal, agent: false }, (response) => {
    const chunks: Buffer[] = [];
    let size = 0;
    response.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      size += chunk.length;
      if (size > largestAnswer) response.destroy(new Error('too large'));
    });
    response.on('error', reject);
    response.on('end', () => resolve(Buffer.concat(chunks).toString()));
  })
    .on('error', reject)
    .end();
  return promise;
}
