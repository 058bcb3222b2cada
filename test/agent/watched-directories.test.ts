import { cpSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it, vi } from 'vitest';
import { startRig, type AgentRig } from '../support/agent-rig.ts';
import { site } from '../support/repository.ts';

vi.setConfig({ testTimeout: 15_000 });

const motd = '- { kind: file, path: /motd, content: "right\\n" }';
const textOf = ({ repository }: AgentRig, path: string): string => readFileSync(join(repository.root, path), 'utf8');
const pass = ({ port }: AgentRig) => port.ended(port.trigger('control').run);

it('what a run by hand beside the agent has put under management is watched', async () => {
  await using agent = startRig(motd);
  await pass(agent);
  mkdirSync(join(agent.repository.root, 'new'));
  agent.repository.write('desired-state/site.yaml', site(`${motd}\n- { kind: file, path: /new/issue, content: "right\\n" }`));
  expect(agent.repository.run().exit).toBe(0);
  expect(await pass(agent)).toMatchObject({ outcome: 'converged', writes: 0 });
  await sleep(500);

  const healed = agent.next(({ writes }) => writes > 0);
  agent.edit('new/issue', 'wrong\n');
  await healed;
  expect(textOf(agent, 'new/issue')).toBe('right\n');
});

it('a managed directory that was taken away and put back during a suspension is watched', async () => {
  await using agent = startRig('- { kind: file, path: /d/motd, content: "right\\n" }');
  await pass(agent);
  const directory = join(agent.repository.root, 'd');
  agent.port.suspend({ reason: 'x', by: 'ada', until: new Date(Date.now() + 3_600_000).toISOString() });
  await sleep(500);
  const seen = agent.next(({ outcome }) => outcome === 'driftOnly');
  renameSync(directory, `${directory}.away`);
  await seen;
  await sleep(1_500);
  renameSync(`${directory}.away`, directory);
  await sleep(500);
  agent.port.resume();
  await sleep(500);

  const healed = agent.next(({ writes }) => writes > 0);
  agent.edit('d/motd', 'wrong\n');
  await healed;
  expect(textOf(agent, 'd/motd')).toBe('right\n');
});

it('a managed directory in a directory that was exchanged for another is watched from the next pass on', async () => {
  await using agent = startRig('- { kind: file, path: /app/etc/motd, content: "right\\n" }');
  for (let quiet = 0; quiet < 2; quiet++) {
    await pass(agent);
    await sleep(500);
  }
  const app = join(agent.repository.root, 'app');
  cpSync(app, `${app}.new`, { recursive: true });
  renameSync(app, `${app}.old`);
  renameSync(`${app}.new`, app);
  expect(await pass(agent)).toMatchObject({ outcome: 'converged' });
  await sleep(500);

  const healed = agent.next(({ writes }) => writes > 0);
  agent.edit('app/etc/motd', 'wrong\n');
  await healed;
  expect(textOf(agent, 'app/etc/motd')).toBe('right\n');
});

it('a file in the place of a directory above what is managed is told as what the run says of it', async () => {
  await using agent = startRig('- { kind: file, path: /a/b/c/motd, content: "right\\n" }');
  await pass(agent);
  const directory = join(agent.repository.root, 'a/b');
  rmSync(directory, { recursive: true });
  writeFileSync(directory, 'in the way\n');

  const report = await pass(agent);

  expect(report?.outcome).toBe('refused');
  expect(agent.port.status().last).toMatchObject({ run: report?.run, outcome: 'refused' });
});
