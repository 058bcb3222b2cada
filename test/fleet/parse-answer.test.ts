import { expect, it } from 'vitest';
import { parseAnswer } from '../../src/fleet/visit.ts';
import { version } from '../../src/model/version.ts';
import { reportSchema } from '../../src/report/report-schema.ts';
import { reportWith } from '../report/report-fixture.ts';
import { processorTime } from '../support/processor-time.ts';

const problem = { code: 'undefined-variable', message: '', related: [] } as const;

it.each([
  ['no step', reportWith(), 'steps', '{}', 'steps.0.address'],
  [
    'nowhere in a file',
    reportWith({ problems: [problem] }),
    'related',
    '{"file":"","line":-1,"column":-1}',
    'problems.0.related.0.line',
  ],
])('what is %s 200,000 times is refused for the first time that it is', (_what, report, member, wrong, at) => {
  const answer = JSON.stringify(report).replace(
    `"${member}":[]`,
    `"${member}":[${Array.from({ length: 200_000 }, () => wrong).join()}]`,
  );
  const before = processorTime();

  expect(() => parseAnswer(reportSchema, answer)).toThrow(`what it sent does not fit version ${version} (at ${at})`);

  expect(processorTime() - before).toBeLessThan(4_000);
});
