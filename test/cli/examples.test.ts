import { generateX25519Identity, identityToRecipient } from 'age-encryption';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDoors } from '../../src/agent/doors/open-doors.ts';
import type { CommandEntry } from '../../src/cli/command-entry.ts';
import { commandTable } from '../../src/cli/command-table.ts';
import { controlSocket, makeStateDirectory, stateDirectory } from '../../src/state/state-directory.ts';
import { agentPolicy } from '../support/door-rig.ts';
import { deadman } from '../../src/resources/types/deadman.ts';
import { prepare } from '../resources/converge-kind.ts';
import { standIn } from '../support/agent-port.ts';
import { makeRepository, type Repository } from '../support/repository.ts';
import { program } from '../support/run-cli.ts';

/** Exit codes other than 0 that tell what the example is about. */
const otherExits: Readonly<Record<string, number>> = { '': 2, receive: 64, rollback: 2 };
/** Afterwards the revision is in quarantine, so that these come last. */
const last = ['rollback', 'release'];

let repository: Repository;
let environment: NodeJS.ProcessEnv;
/** The commands of the agent ask this one, which has a plan that waits for approval. */
let agent: Awaited<ReturnType<typeof openDoors>>;
beforeAll(async () => {
  const identity = await generateX25519Identity();
  repository = makeRepository('- { kind: file, path: /etc/motd, source: motd }', {
    'inventory/hosts.yml': 'all:\n  children:\n    wizards:\n      hosts:\n        box:\n',
    'desired-state/files/motd': 'hello\n',
    'desired-state/secrets/recipients.txt': `${await identityToRecipient(identity)}\n`,
    'token.txt': 'canary-4711\n',
  });
  repository.commit('first');
  const directory = dirname(repository.root);
  mkdirSync(join(directory, 'bin'));
  writeFileSync(join(directory, 'bin/reconcile'), `#!/bin/sh\nexec '${process.execPath}' '${program}' "$@"\n`, { mode: 0o755 });
  writeFileSync(join(directory, 'age.key'), `${identity}\n`, { mode: 0o600 });
  environment = {
    PATH: `${directory}/bin:${process.env['PATH']}`,
    HOME: directory,
    RECONCILE_AGE_KEY_FILE: join(directory, 'age.key'),
    RECONCILE_STATE_DIR: join(directory, 'state'),
  };
  writeFileSync(join(directory, 'deadman.json'), deadmanSettings(directory));
  const state = stateDirectory(repository.root);
  makeStateDirectory(state);
  const port = standIn();
  port.set({ approval: { run: '20261120T120000Z-001a2b', reason: '', planDigest: '', expires: '2026-11-27T12:00:00.000Z' } });
  const log = { warn: () => undefined, error: () => undefined };
  agent = await openDoors({ port, plansPulls: false, policy: agentPolicy({}), socket: controlSocket(state), log });
});
afterAll(async () => {
  await agent.close();
  repository[Symbol.dispose]();
});

/** Of a watchdog for an agent that only stamps, with everything below a directory. */
function deadmanSettings(directory: string): string {
  const places = { state_dir: `${directory}/deadman`, runtime_dir: directory, reconciler_state: `${directory}/none` };
  const attributes = { agent: 'ezra', heartbeat: { stamp: `${directory}/stamp` }, restart: ['true'], ...places };
  return prepare(deadman, attributes).desired.settings as string;
}

/** The example as it stands there, for a host and a sandbox of the test. */
function commandLine({ name, example: [line], options }: CommandEntry): string {
  const takes = (flag: string): boolean => options.some(({ flags }) => flags.startsWith(flag));
  const host = takes('--host') && name !== 'inventory' ? ' --host box' : '';
  const settings = takes('--settings') ? ` --settings '${dirname(repository.root)}/deadman.json'` : '';
  return `${line}${host}${settings}${takes('--root') ? ` --root '${repository.root}'` : ''}`;
}

describe('the example in --help', () => {
  // The agent works until it is told to end, and a fleet needs hosts: test/agent/ and test/hosts/ run these.
  const isRunElsewhere = (name: string): boolean => name === 'agent' || name.startsWith('fleet ');
  const entries = commandTable
    .filter(({ name }) => !isRunElsewhere(name))
    .sort((a, b) => last.indexOf(a.name) - last.indexOf(b.name));

  it.each(entries.map((entry) => [entry.example[0], entry] as const))('%s works', async (_line, entry) => {
    const child = spawn('bash', ['-c', commandLine(entry)], {
      cwd: repository.path,
      env: environment,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const [stdout, stderr, [status]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);

    expect(stderr).not.toContain('reconcile:');
    expect(stdout + stderr).not.toContain('canary');
    expect(status, stdout + stderr).toBe(otherExits[entry.name] ?? 0);
  });
});
