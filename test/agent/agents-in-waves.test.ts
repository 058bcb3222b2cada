import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it, vi } from 'vitest';
import { openFollowRig } from '../source/git/follow-rig.ts';
import { startAgentProcess, type AgentProcess, type LogLine } from '../support/agent-process.ts';
import { startFakeGitea } from '../support/fake-gitea.ts';
import { openGitServer } from '../support/git-server.ts';
import { site } from '../support/repository.ts';
import { runCli } from '../support/run-cli.ts';

vi.setConfig({ testTimeout: 90_000 });

const hosts = ['canary', 'second', 'third'] as const;
type Host = (typeof hosts)[number];
const rollout = 'waves:\n  - { name: first, hosts: canary, bake: 0s }\n  - { name: then, hosts: second, bake: 300ms }\n';

/** Three hosts that follow one remote, each with an agent of its own, and the forge that they tell. */
async function openFleet(waves = rollout) {
  const rig = openFollowRig();
  const server = await openGitServer(dirname(rig.remote));
  const gitea = await startFakeGitea();
  const write = (name: string, text: string): string => {
    const file = join(rig.path, name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text, { mode: 0o600 });
    return file;
  };
  const token_file = write('token', gitea.token);
  const environmentOf = (host: Host): Readonly<Record<string, string>> => ({
    RECONCILE_HOST_POLICY: write(
      `${host}.yaml`,
      JSON.stringify({
        host,
        remote: { urls: [server.url('config.git')], timeout: '10s' },
        agent: { interval: '1h' },
        gitea: { url: gitea.url, repository: 'ops/config', token_file },
      }),
    ),
    RECONCILE_STATE_DIR: join(rig.path, 'states', host),
  });
  mkdirSync(join(rig.path, 'states'));
  for (const host of hosts) mkdirSync(join(rig.path, 'hosts', host), { recursive: true });
  const base = `${rig.path}/hosts/{{ inventory_hostname }}`;
  return {
    rig,
    gitea,
    environmentOf,
    start: (host: Host): AgentProcess => startAgentProcess([], environmentOf(host)),
    /** `role`: of every host. */
    push: (text: string, more = '', role?: string): string =>
      rig.push({
        ...(role !== undefined && { 'roles/own/role.yaml': role }),
        'inventory/hosts.yml': 'all:\n  hosts: {canary: , second: , third: }\n',
        'desired-state/rollout.yaml': waves,
        'desired-state/site.yaml':
          site(`- { kind: file, path: "${base}/motd", content: "${text}\\n" }\n${more}`) +
          (role === undefined ? '' : '  - { hosts: all, roles: [own] }\n'),
      }),
    base,
    well: (host: Host): string => join(rig.path, 'hosts', host, 'well'),
    motd: (host: Host): string => readFileSync(join(rig.path, 'hosts', host, 'motd'), 'utf8'),
    edit: (host: Host, text: string): void => writeFileSync(join(rig.path, 'hosts', host, 'motd'), text),
    saidOf: (commit: string): readonly string[] =>
      gitea.statuses.filter((each) => each.commit === commit).map(({ context, status }) => `${context}: ${status}`),
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await gitea.close();
      rig[Symbol.dispose]();
    },
  };
}

const ended =
  (commit: string) =>
  (line: LogLine): boolean =>
    line.commit === commit && line.outcome !== undefined;

const waits =
  (commit: string, wave: string) =>
  ({ message }: LogLine): boolean =>
    message === `${commit.slice(0, 8)} waits for wave ${wave}`;

it('a good revision goes from wave to wave; one that fails in the first is seen by no other host', async () => {
  await using fleet = await openFleet();
  const first = fleet.push('one');
  await using canary = fleet.start('canary');
  await using second = fleet.start('second');
  await using third = fleet.start('third');
  const agents = { canary, second, third };
  // What was never applied anywhere waits for nobody.
  for (const host of hosts) expect((await agents[host].line(ended(first))).outcome).toBe('converged');

  const good = fleet.push('two');
  second.kill('SIGUSR1');
  await second.line(waits(good, 'first (0 of 1 healthy)'));
  expect(fleet.motd('second')).toBe('one\n');
  // While it waits it keeps up what it has.
  const healed = second.next(ended(first));
  fleet.edit('second', 'by hand\n');
  await healed;
  expect(fleet.motd('second')).toBe('one\n');

  for (const host of hosts) {
    const done = agents[host].next(ended(good));
    agents[host].kill('SIGUSR1');
    expect((await done).outcome).toBe('converged');
    expect(fleet.motd(host)).toBe('two\n');
    await fleet.gitea.until(() => fleet.saidOf(good).includes(`reconcile/${host}: success`));
  }

  const bad = fleet.push('three', '- { kind: command, argv: ["false"], creates: "/nonexistent/made" }\n');
  const failed = canary.next(ended(bad));
  canary.kill('SIGUSR1');
  expect((await failed).outcome).toBe('rolledBack');
  await fleet.gitea.until(() => fleet.saidOf(bad).includes('reconcile/canary: failure'));
  second.kill('SIGUSR1');
  await second.line(({ message }) => message === `${bad.slice(0, 8)} stopped: 1 of 1 hosts failed in wave first`);
  third.kill('SIGUSR1');
  await third.line(waits(bad, 'then (0 of 1 healthy)'));
  for (const host of ['second', 'third'] as const) {
    expect(fleet.motd(host)).toBe('two\n');
    expect(agents[host].lines.some(ended(bad))).toBe(false);
  }
});

it('a host that has taken back every revision it knows waits for its turn all the same', async () => {
  await using fleet = await openFleet();
  const first = fleet.push('one');
  await using second = fleet.start('second');
  const { run } = await second.line(ended(first));
  expect(runCli(['rollback', run!], { env: fleet.environmentOf('second') }).exit).toBe(0);
  await second.line((line) => ended(first)(line) && line.outcome === 'refused');

  const next = fleet.push('two');
  second.kill('SIGUSR1');

  await second.line(waits(next, 'first (0 of 1 healthy)'));
  expect(second.lines.some(ended(next))).toBe(false);
});

it('a plan that waits for a person while the host waits for its turn keeps its name', async () => {
  await using fleet = await openFleet();
  const first = fleet.push('one');
  await using canary = fleet.start('canary');
  await using second = fleet.start('second');
  for (const agent of [canary, second]) await agent.line(ended(first));
  const motd = `file[${fleet.rig.path}/hosts/second/motd]`;
  const good = fleet.rig.push({ 'desired-state/policy.yaml': `approval: { addresses: ["${motd}"] }\n` });
  canary.kill('SIGUSR1');
  await fleet.gitea.until(() => fleet.saidOf(good).includes('reconcile/canary: success'));
  second.kill('SIGUSR1');
  await fleet.gitea.until(() => fleet.saidOf(good).includes('reconcile/second: success'));
  const next = fleet.push('two');
  second.kill('SIGUSR1');
  await second.line(waits(next, 'first (0 of 1 healthy)'));

  const asked = second.next((line) => line.outcome === 'refused');
  fleet.edit('second', 'by hand\n');
  const { run, commit } = await asked;
  second.kill('SIGUSR1');
  await sleep(1_000);
  const done = second.next((line) => line.outcome === 'converged');
  const { exit, stderr } = runCli(['approve', run!], { env: fleet.environmentOf('second') });

  expect([exit, stderr]).toEqual([0, '']);
  expect([commit, (await done).commit]).toEqual([good, good]);
  expect(fleet.motd('second')).toBe('one\n');
});

it('a revision that a person takes back from the first wave while that is watched is seen by no other host', async () => {
  await using fleet = await openFleet(rollout.replace('bake: 0s', 'bake: 1h'));
  const first = fleet.push('one');
  await using canary = fleet.start('canary');
  await using second = fleet.start('second');
  for (const agent of [canary, second]) await agent.line(ended(first));
  const bad = fleet.push('two');
  canary.kill('SIGUSR1');
  const { run } = await canary.line(ended(bad));
  await fleet.gitea.until(() => fleet.saidOf(bad).includes('reconcile/canary: success'));

  expect(runCli(['rollback', run!], { env: fleet.environmentOf('canary') }).exit).toBe(0);

  await fleet.gitea.until(() => fleet.saidOf(bad).at(-1) === 'reconcile/canary: failure');
  await fleet.gitea.until(() => fleet.gitea.issues.some(({ title }) => title === 'canary keeps a revision in quarantine'));
  second.kill('SIGUSR1');
  await second.line(({ message }) => message === `${bad.slice(0, 8)} stopped: 1 of 1 hosts failed in wave first`);
  expect([fleet.motd('canary'), fleet.motd('second')]).toEqual(['one\n', 'one\n']);
});

/** A wave that is watched for six seconds, of which the last three decide, and a role that is well as long as a file is there. */
const watched = 'waves:\n  - { name: first, hosts: canary, bake: 6s }\n  - { name: then, hosts: second, bake: 0s }\n';
const roleBelow = (base: string): string =>
  `summary: well\nresources: [{ kind: directory, path: "${base}" }]\nhealth:\n  - command: { argv: [test, -e, "${base}/well"], within: 100ms }\n`;

it.each([
  ['takes back', '', 'rolledBack', 'failure', 'one\n'],
  ['with on_halt: keep keeps', 'on_halt: keep\n', 'error', 'error', 'two\n'],
] as const)(
  'a host that is unwell when its bake time ends %s the revision, and no other host sees it',
  async (_, policy, ...expected) => {
    const [outcome, status, motd] = expected;
    await using fleet = await openFleet(watched + policy);
    const role = roleBelow(fleet.base);
    for (const host of hosts) writeFileSync(fleet.well(host), '');
    const first = fleet.push('one', '', role);
    await using canary = fleet.start('canary');
    await using second = fleet.start('second');
    for (const agent of [canary, second]) expect((await agent.line(ended(first))).outcome).toBe('converged');
    const bad = fleet.push('two', '', role);
    canary.kill('SIGUSR1');
    expect((await canary.line(ended(bad))).outcome).toBe('converged');
    await fleet.gitea.until(() => fleet.saidOf(bad).includes('reconcile/canary: success'));

    rmSync(fleet.well('canary'));

    expect((await canary.line((line) => ended(bad)(line) && line.outcome !== 'converged')).outcome).toBe(outcome);
    expect(fleet.motd('canary')).toBe(motd);
    await fleet.gitea.until(() => fleet.saidOf(bad).includes(`reconcile/canary: ${status}`));
    second.kill('SIGUSR1');
    await second.line(({ message }) => message === `${bad.slice(0, 8)} stopped: 1 of 1 hosts failed in wave first`);
    expect(fleet.motd('second')).toBe('one\n');

    // What stays is asked again; what was taken back stays away, and what was there before is kept up.
    writeFileSync(fleet.well('canary'), '');
    const healed = canary.next((line) => line.outcome === 'converged');
    if (outcome === 'rolledBack') fleet.edit('canary', 'by hand\n');
    canary.kill('SIGUSR1');
    if (outcome === 'rolledBack') expect((await healed).commit).toBe(first);
    else await fleet.gitea.until(() => fleet.saidOf(bad).at(-1) === 'reconcile/canary: success');
    expect(fleet.motd('canary')).toBe(motd);
  },
);
