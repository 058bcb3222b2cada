import { expect, it } from 'vitest';
import { logContests } from '../../src/agent/log-contests.ts';
import { statusWith } from '../report/status-fixture.ts';

it('what becomes contested is said once, and again when it has not been meanwhile', () => {
  const lines: string[] = [];
  const log = logContests((message) => lines.push(message.split(':')[0]!));
  for (const contested of [[], ['file[/a]'], ['file[/a]', 'file[/b]'], ['file[/b]'], ['file[/a]', 'file[/b]']])
    log({ type: 'status', status: statusWith({ contested }) });

  expect(lines).toEqual(['file[/a] is contested', 'file[/b] is contested', 'file[/a] is contested']);
});
