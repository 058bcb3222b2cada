import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { openLog } from '../../src/agent/log.ts';
import type { AgentEvent } from '../../src/model/agent.ts';
import type { ReportedStep } from '../../src/model/report.ts';
import { reportWith } from '../report/report-fixture.ts';

/** A log into memory; `text` is what was written. */
function open(isTerminal: boolean) {
  const stream = Object.assign(new PassThrough(), { isTTY: isTerminal });
  return { log: openLog(stream), text: () => String(stream.read() ?? '') };
}

const finished = (members: Parameters<typeof reportWith>[0]): AgentEvent => {
  const report = reportWith(members);
  return { type: 'finished', run: report.run, report };
};

describe('the log under a service manager', () => {
  it('is one JSON object per line', () => {
    const { log, text } = open(false);
    log.info({ port: 8080 }, 'listening');
    log.error({ reason: 'disk\nfull' }, 'cannot write \x1b[2J');
    const lines = text().trimEnd().split('\n');

    expect(lines.map((line) => JSON.parse(line) as object)).toEqual([
      { level: 'info', time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/), port: 8080, message: 'listening' },
      { level: 'error', time: expect.any(String), reason: 'disk\nfull', message: 'cannot write \x1b[2J' },
    ]);
    expect(lines.join('')).not.toContain('\x1b');
  });

  it('has a line for each run that did something or failed', () => {
    const events: AgentEvent[] = [
      { type: 'run-started', run: 'r1', host: 'allegro', revision: 'main' },
      { type: 'applying', run: 'r1', address: 'file[/a]', done: 0, total: 1 },
      { type: 'rolling-back', run: 'r1', reason: 'disk full' },
      finished({ outcome: 'rolledBack', summary: 'rolled back', writes: 2 }),
      finished({ outcome: 'refused', summary: 'not now', problems: [{ code: 'outside-window', message: 'm' }] }),
      finished({ summary: '1 changed', writes: 1 }),
      finished({ summary: 'converged' }),
    ];
    const { log, text } = open(false);
    events.forEach((event) => log.event(event));
    const lines = text()
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { level: string; message: string });

    expect(lines.map(({ level, message }) => `${level} ${message}`)).toEqual([
      'info applying file[/a]',
      'warn rolling back',
      'error rolled back',
      'info not now',
      'info 1 changed',
    ]);
  });
});

it('the line of a run says what it repaired, and the first of what is wrong', () => {
  const { log, text } = open(false);
  const at = { file: 'desired-state/policy.yaml', line: 1, column: 1 };
  const problem = { code: 'unknown-key' as const, message: 'unknown key "bandit"', at };
  const step = { ...reportWith({}).steps[0], address: 'file[/motd]', cause: 'drift', outcome: 'changed' } as ReportedStep;
  log.event(finished({ outcome: 'invalid', summary: 'Invalid', problems: Array.from({ length: 9 }, () => problem) }));
  log.event(finished({ summary: '1 changed', writes: 1, steps: [step] }));
  const [bad, healed] = text()
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { problems?: string[]; repaired?: string[] });

  expect(bad?.problems).toEqual(Array(5).fill('desired-state/policy.yaml:1:1  unknown key "bandit"'));
  expect(healed?.repaired).toEqual(['file[/motd]']);
});

describe('the log on a terminal', () => {
  it('is a line for people on which nothing acts', () => {
    const { log, text } = open(true);
    log.warn({ reason: 'disk full', paths: ['/a', '/b'] }, 'rolling back\nREADY \x1b[2J');

    // eslint-disable-next-line no-control-regex -- colours
    const line = text().replaceAll(/\x1b\[\d+m/g, '');
    expect(line).toMatch(
      /^\d\d:\d\d:\d\d {2}warn {3}rolling back\\nREADY \\e\[2J {2}reason=disk full {2}paths=\["\/a","\/b"\]\n$/,
    );
  });
});
