import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { openFollowRig } from '../source/git/follow-rig.ts';
import { startAgentProcess, type AgentProcess } from './agent-process.ts';
import { pushPayload } from './fake-gitea-hook.ts';
import { freePort } from './free-port.ts';
import type { FakePull } from './fake-gitea-store.ts';
import { startFakeGitea } from './fake-gitea.ts';
import { openGitServer } from './git-server.ts';
import { site } from './repository.ts';
import { program } from './run-cli.ts';

const secret = '0123456789abcdef0123456789abcdef';

/** A remote, a forge and a host; the agent is started by the test. `more`: of the host policy; `remote` is added to the scene's. */
export async function openScene({ remote = {}, ...more }: { readonly remote?: object; readonly [key: string]: unknown } = {}) {
  const rig = openFollowRig();
  const server = await openGitServer(dirname(rig.remote));
  const gitea = await startFakeGitea();
  const port = await freePort();
  const base = join(rig.path, 'host');
  const state = join(rig.path, 'state');
  mkdirSync(base);
  const write = (name: string, text: string): string => {
    writeFileSync(join(rig.path, name), text, { mode: 0o600 });
    return join(rig.path, name);
  };
  const policy = {
    host: 'box',
    remote: { urls: [server.url('config.git')], timeout: '10s', ...remote },
    agent: {
      interval: '1h',
      listen: { port },
      hooks: [{ name: 'config', forge: 'gitea', secret_file: write('hook-secret', secret), repositories: ['ops/config'] }],
    },
    gitea: {
      url: gitea.url,
      repository: 'ops/config',
      token_file: write('token', gitea.token),
      pull_requests: true,
      trusted_authors: ['ada'],
    },
    ...more,
  };
  const filesOf = (text: string, more: string): Readonly<Record<string, string>> => ({
    'inventory/hosts.yml': `all:\n  vars: { base: ${base} }\n  hosts:\n    box:\n`,
    'desired-state/site.yaml': site(`- { kind: file, path: "{{ base }}/motd", content: "${text}\\n" }\n${more}`),
  });
  const environment = { RECONCILE_HOST_POLICY: write('host.yaml', JSON.stringify(policy)), RECONCILE_STATE_DIR: state };
  const deliver = (event: string, payload: object) =>
    gitea.deliver({ url: `http://127.0.0.1:${port}/hooks/config`, secret, event, payload });
  return {
    rig,
    server,
    gitea,
    environment,
    /** `reconcile now --wait`. Not `runCli`, which would keep this process from being the remote. */
    async now(): Promise<{ readonly exit: number | null; readonly stderr: string }> {
      const env = { PATH: process.env['PATH'] ?? '', ...environment };
      const child = spawn(process.execPath, [program, 'now', '--wait'], { cwd: '/', env, stdio: ['ignore', 'ignore', 'pipe'] });
      const [stderr, [exit]] = await Promise.all([text(child.stderr), once(child, 'exit') as Promise<[number | null]>]);
      return { exit, stderr };
    },
    start: (): AgentProcess => startAgentProcess([], environment),
    deliver: (after: string, ref = 'refs/heads/main') => deliver('push', { ...pushPayload({ after }), ref }),
    /** That it was opened. */
    deliverPull: (pull: FakePull) =>
      deliver('pull_request', {
        action: 'opened',
        number: pull.number,
        pull_request: pull,
        repository: { full_name: 'ops/config' },
      }),
    statusOf: (commit: string): readonly string[] =>
      gitea.statuses.filter((status) => status.commit === commit).map(({ status }) => status),
    motd: (): string => readFileSync(join(base, 'motd'), 'utf8'),
    edit: (text: string): void => writeFileSync(join(base, 'motd'), text),
    state,
    base,
    /** Pushes a commit of a motd that says this, and more resources. */
    push: (content: string, more = ''): string => rig.push(filesOf(content, more)),
    /** The same without the push. */
    commit: (text: string, more = ''): string => rig.commit(filesOf(text, more)),
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await gitea.close();
      rig[Symbol.dispose]();
    },
  };
}
