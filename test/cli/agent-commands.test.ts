import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { openDoors } from '../../src/agent/doors/open-doors.ts';
import { controlSocket, stateDirectory } from '../../src/state/state-directory.ts';
import { readNow } from '../../src/host/term.ts';
import { readSuspension, removeSuspension, writeSuspension } from '../../src/state/suspension.ts';
import { aReport, aStatus, standIn, type StandIn } from '../support/agent-port.ts';
import { agentPolicy } from '../support/door-rig.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { nowSchema } from '../../src/report/answer-schemas.ts';
import { expectDocumented } from '../support/documented.ts';

const main = new URL('../../src/main.ts', import.meta.url).pathname;

const noFetch = { at: '2026-11-20T12:00:00.000Z', ok: false, remote: null, message: 'no revision was taken' } as const;

interface Host extends AsyncDisposable {
  readonly port: StandIn;
  readonly state: string;
  run(...args: readonly string[]): Promise<{ readonly exit: number; readonly stdout: string; readonly stderr: string }>;
}

/** A sandbox, with an agent that listens where the commands look for it, or without one. */
async function openHost(hasAgent: boolean): Promise<Host> {
  const directory = temporaryDirectory();
  const root = join(directory.path, 'root');
  const state = stateDirectory(root);
  mkdirSync(state, { recursive: true, mode: 0o700 });
  const port = standIn();
  const log = { warn: () => undefined, error: () => undefined };
  const doors = hasAgent
    ? await openDoors({ port, plansPulls: false, policy: agentPolicy({}), socket: controlSocket(state), log })
    : undefined;
  return {
    port,
    state,
    async run(...args) {
      const child = spawn(process.execPath, [main, ...args, '--root', root], {
        stdio: ['ignore', 'pipe', 'pipe'],
        env: { HOME: directory.path, SUDO_USER: 'alice' },
      });
      const [stdout, stderr, [exit]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
      return { exit: exit as number, stdout, stderr };
    },
    async [Symbol.asyncDispose]() {
      await doors?.close();
      directory[Symbol.dispose]();
    },
  };
}

describe('with an agent', () => {
  it('status shows it, for people and as JSON', async () => {
    await using host = await openHost(true);

    const shown = await host.run('status');
    const json = await host.run('status', '-o', 'json');

    expect(shown).toMatchObject({ exit: 0, stderr: '' });
    expect(shown.stdout).toContain('allegro is idle');
    expect(JSON.parse(json.stdout)).toEqual(host.port.status());
  });

  it('now triggers, and says which run', async () => {
    await using host = await openHost(true);

    expect(await host.run('now')).toEqual({ exit: 0, stdout: 'The agent looks again, in run run-1\n', stderr: '' });
    expect(host.port.triggers).toEqual(['control']);
  });

  it('now --wait shows the report and ends as the run did', async () => {
    await using host = await openHost(true);
    const { ended } = host.port;
    host.port.ended = (run) => {
      setImmediate(() => host.port.end(aReport({ outcome: 'rolledBack', exit: 6, summary: 'rolled back: unhealthy' })));
      return ended(run);
    };

    const { exit, stdout } = await host.run('now', '--wait');

    expect(exit).toBe(6);
    expect(stdout).toContain('rolled back: unhealthy');
    expectDocumented(nowSchema, (await host.run('now', '-o', 'json')).stdout);
  });

  it.each([
    [{ phase: 'stopping' }, 1, 'the agent ends'],
    [{ waitsFor: 'waits for wave first' }, 0, `${aStatus().revision.seen!.slice(0, 8)} waits for wave first`],
    [{ last: { run: 'run-1', outcome: 'rolledBack', summary: 'unhealthy', at: '2026-11-20T12:00:00.000Z' } }, 6, 'unhealthy'],
    [{ fetch: { ...noFetch, state: 'offline' } }, 1, noFetch.message],
    [{ fetch: { ...noFetch, state: 'behind' } }, 7, noFetch.message],
    [{ fetch: { ...noFetch, state: 'refused' } }, 7, noFetch.message],
  ] as const)('now --wait without a run to wait for, where the agent says %j, exits %i', async (status, exit, message) => {
    await using host = await openHost(true);
    host.port.ended = () => Promise.resolve(undefined);
    host.port.set(status);

    expect(await host.run('now', '--wait')).toMatchObject({ exit, stderr: `reconcile: ${message}\n` });
  });

  it('suspend and resume reach it, with the name of the person', async () => {
    await using host = await openHost(true);

    const suspended = await host.run('suspend', '--for', '2h', '--reason', 'disk');
    const told = host.port.status().suspended;
    // As an agent does.
    writeSuspension(host.state, told!);
    const resumed = await host.run('resume');
    removeSuspension(host.state);
    const again = await host.run('resume');

    expect(suspended).toMatchObject({ exit: 0, stderr: '' });
    expect(suspended.stdout).toMatch(/^Suspended until \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ: disk; reconcile resume ends it\n$/);
    expect(told).toMatchObject({ reason: 'disk', by: 'alice' });
    expect(resumed).toMatchObject({ exit: 0, stdout: 'Resumed; runs may change this host again\n' });
    expect(again).toMatchObject({ exit: 0, stdout: 'It was not suspended; runs may change this host\n' });
    expect(host.port.status().suspended).toBeNull();
  });

  it('approve lets the plan through that waits, and names none that does not', async () => {
    await using host = await openHost(true);
    host.port.set({ approval: { run: 'run-7', reason: 'r', planDigest: 'd', expires: '2026-11-27T12:00:00.000Z' } });

    const wrong = await host.run('approve', 'run-8');
    const right = await host.run('approve', 'run-7');

    expect(wrong).toMatchObject({ exit: 64, stdout: '' });
    expect(wrong.stderr).toBe('reconcile: no run run-8 waits for approval\nhint: reconcile status shows what waits\n');
    expect(right).toMatchObject({ exit: 0, stderr: '' });
  });

  it.each([
    ['at once', {}, ''],
    [
      'after a suspension',
      { suspended: { reason: 'disk', by: 'bob', until: '2026-11-27T12:00:00.000Z' } },
      ' once the suspension has ended,',
    ],
    ['in its window', { windowClosed: true }, ' once the window opens,'],
  ])('approve says that the plan is applied %s', async (_when, status, later) => {
    await using host = await openHost(true);
    host.port.set({ ...status, approval: { run: 'run-7', reason: 'r', planDigest: 'd', expires: '2026-11-27T12:00:00.000Z' } });

    expect((await host.run('approve', 'run-7')).stdout).toBe(
      `Approved; the agent applies the plan${later} if the host and the revision are still as they were\n`,
    );
  });
});

describe('without an agent', () => {
  it.each([
    ['status', / has no agent that runs; version [^\n]*\n {2}revision {3}none was applied yet\n {2}verified {3}never\n$/],
    ['now', /^$/],
    ['now --wait', /^$/],
    ['approve run-7', /^$/],
  ])('%s says so and what to do', async (line, said) => {
    await using host = await openHost(false);

    const { exit, stdout, stderr } = await host.run(...line.split(' '));

    expect(exit).toBe(1);
    expect(stdout).toMatch(said);
    expect(stderr).toContain(`reconcile: no agent runs for ${host.state}\nhint: `);
    expect(stderr).toContain('systemctl start timmy-reconciler');
  });

  it('suspend and resume work all the same', async () => {
    await using host = await openHost(false);

    const { exit } = await host.run('suspend', '--for', '30m', '--reason', 'disk');
    const suspended = readSuspension(host.state);
    const [now, minute] = [readNow(), 60_000];
    const after = readSuspension(host.state, { ...now, time: now.time + 31 * minute, uptime: now.uptime + 31 * minute });
    const resumed = await host.run('resume');
    const again = await host.run('resume');

    expect(resumed.stdout).toBe('Resumed; runs may change this host again\n');
    expect(again.stdout).toBe('It was not suspended; runs may change this host\n');
    expect(exit).toBe(0);
    expect(suspended).toMatchObject({ reason: 'disk', by: 'alice' });
    expect(after).toBeUndefined();
    expect(readSuspension(host.state)).toBeUndefined();
  });
});

it.each([
  ['suspend needs --for', ['suspend', '--reason', 'disk']],
  ['suspend needs --reason', ['suspend', '--for', '2h']],
  ['--for needs a time such as 30m', ['suspend', '--for', '0h', '--reason', 'disk']],
  ['--for needs a time such as 30m', ['suspend', '--for', '2 hours', '--reason', 'disk']],
  ['at most 365d', ['suspend', '--for', '366d', '--reason', 'disk']],
  ['suspend needs --reason', ['suspend', '--for', '2h', '--reason', ' ']],
  ['more than 1000 characters', ['suspend', '--for', '2h', '--reason', 'x'.repeat(1001)]],
  ["missing required argument 'run'", ['approve']],
])('wrong usage is told as "%s" and changes nothing', async (message, args) => {
  await using host = await openHost(false);

  const { exit, stderr } = await host.run(...args);

  expect(exit).toBe(64);
  expect(stderr).toContain(message);
  expect(readSuspension(host.state)).toBeUndefined();
});
