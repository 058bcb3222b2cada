import { expect, it, vi } from 'vitest';
import { startRig } from '../support/agent-rig.ts';
import { site } from '../support/repository.ts';

vi.setConfig({ testTimeout: 15_000 });

const motd = '- { kind: file, path: /motd, content: "right\\n" }';
const issue = '- { kind: file, path: /issue, content: x }\n';

it.each([
  ['git takes it out', issue],
  ['git says something else', `${issue}${motd.replace('right', 'other')}`],
])('a contest ends when %s', async (_what, resources) => {
  await using agent = startRig(`${issue}${motd}`);
  await agent.port.ended(agent.port.trigger('control').run);
  for (let round = 0; round < 5; round++) {
    const healed = agent.next(({ writes }) => writes > 0);
    agent.edit('motd', `theirs ${round}\n`);
    await healed;
  }
  await vi.waitFor(() => expect(agent.port.status().contested).toEqual(['file[/motd]']), 10_000);
  const { lastSuccess } = agent.port.status();

  agent.repository.write('desired-state/site.yaml', site(resources));

  expect(await agent.port.ended(agent.port.trigger('control').run)).toMatchObject({ outcome: 'converged' });
  expect(agent.port.status().contested).toEqual([]);
  expect(agent.port.status().lastSuccess).not.toBe(lastSuccess);
});
