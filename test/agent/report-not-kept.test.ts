import { DatabaseSync } from 'node:sqlite';
import { expect, it, vi } from 'vitest';
import { stateDirectory, stateFile } from '../../src/state/state-directory.ts';
import { startRig } from '../support/agent-rig.ts';
import { site } from '../support/repository.ts';

vi.setConfig({ testTimeout: 15_000 });

it('what became of a revision is told where its report cannot be kept', async () => {
  await using agent = startRig('- { kind: file, path: /motd, content: "right\\n" }');
  const { port, repository } = agent;
  await port.ended(port.trigger('control').run);
  using database = new DatabaseSync(stateFile(stateDirectory(repository.root)));
  database.exec("CREATE TRIGGER no_room BEFORE INSERT ON runs BEGIN SELECT RAISE(ABORT, 'no room'); END");
  repository.write('desired-state/site.yaml', site('- { kind: file, path: relative }'));

  const report = await port.ended(port.trigger('control').run);

  expect(report?.outcome).toBe('invalid');
  expect(agent.news.at(-1)).toMatchObject({ type: 'ended', report: { run: report?.run } });
});
