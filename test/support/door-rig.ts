import { createHmac } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openDoors } from '../../src/agent/doors/open-doors.ts';
import { hostPolicyDocument, type AgentPolicy } from '../../src/model/host-policy-document.ts';
import { standIn, type StandIn } from './agent-port.ts';
import { temporaryDirectory } from './temporary-directory.ts';

/** Doors that are open, with everything that belongs to them, until the scope ends. */
export interface DoorRig extends AsyncDisposable {
  readonly port: StandIn;
  /** `http://127.0.0.1:12345` */
  readonly url: string;
  readonly number: number;
  readonly socket: string;
  readonly directory: string;
  readonly logged: (readonly [about: object, message: string])[];
  /** A POST to a hook; by default signed by Gitea's rules with the rig's secret. */
  deliver(body: string | Buffer, headers?: Readonly<Record<string, string>>, hook?: string): Promise<Response>;
  get(path: string, token?: string): Promise<Response>;
  close(): Promise<void>;
}

export const secret = 'canary-secret-of-the-hook-0123456789';
export const previousSecret = 'canary-secret-of-the-past-0123456789';
export const token = 'canary-token-of-the-api-0123456789-abc';

export const sign = (body: string | Uint8Array, key = secret): string => createHmac('sha256', key).update(body).digest('hex');

/** What `agent:` of the host policy gives, defaults included. */
export const agentPolicy = (agent: object): AgentPolicy => hostPolicyDocument.parse({ agent }).agent;

export async function openRig(change: Readonly<Record<string, unknown>> = {}, plansPulls = false): Promise<DoorRig> {
  const directory = temporaryDirectory();
  const file = (name: string, text: string): string => {
    const path = join(directory.path, name);
    writeFileSync(path, text, { mode: 0o600 });
    return path;
  };
  const files = { secret_file: file('secret', `${secret}\n`), previous_secret_file: file('previous', previousSecret) };
  const hook = { ...files, repositories: ['fleet/config'], branches: ['main', 'testing-allegro'] };
  const policy = agentPolicy({
    listen: { port: 0 },
    api_token_file: file('token', token),
    hooks: (['gitea', 'forgejo', 'github'] as const).map((forge) => ({ ...hook, name: forge, forge })),
    ...change,
  });
  const port = standIn();
  const logged: [object, string][] = [];
  const log = (about: object, message: string): void => void logged.push([about, message]);
  const socket = join(directory.path, 'control.sock');
  const doors = await openDoors({ port, policy, plansPulls, socket, log: { warn: log, error: log } });
  const number = doors.address?.port ?? 0;
  const url = `http://127.0.0.1:${number}`;
  return {
    port,
    url,
    number,
    socket,
    directory: directory.path,
    logged,
    deliver: (body, headers = {}, name = 'gitea') =>
      fetch(`${url}/hooks/${name}`, {
        method: 'POST',
        body: typeof body === 'string' ? body : new Uint8Array(body),
        headers: { 'content-type': 'application/json', 'x-gitea-event': 'push', 'x-gitea-signature': sign(body), ...headers },
      }),
    get: (path, given) => fetch(url + path, given === undefined ? {} : { headers: { authorization: `Bearer ${given}` } }),
    close: () => doors.close(),
    async [Symbol.asyncDispose]() {
      await doors.close();
      directory[Symbol.dispose]();
    },
  };
}
