import { expect, it } from 'vitest';
import { logFetches } from '../../src/agent/log-fetches.ts';
import type { AgentStatus } from '../../src/model/agent.ts';
import { statusWith } from '../report/status-fixture.ts';

it('a fetch that fails is logged once for each reason, and when it works again', () => {
  const lines: string[] = [];
  const log = logFetches({
    problem: (message) => lines.push(`problem: ${message}`),
    note: (message) => lines.push(`note: ${message}`),
  });
  const looked = (fetch: Partial<AgentStatus['fetch']> | null): void => {
    const at = '2026-11-21T08:00:00.000Z';
    const status = statusWith({ fetch: fetch && { at, ok: true, remote: null, message: '', ...fetch } });
    log({ type: 'status', status });
  };
  looked(null);
  looked({ message: 'fetched' });
  looked({ ok: false, message: 'it asks for a login (401)' });
  looked({ ok: false, message: 'it asks for a login (401)', at: '2026-11-21T09:00:00.000Z' });
  looked({
    ok: false,
    remote: 'https://git.example/ops/config.git',
    message: 'not on top of what was applied',
    hint: 'trust it',
  });
  looked({});
  looked({});
  for (let poll = 0; poll < 2; poll++) looked({ passedOver: 'https://git.example/a.git: it is away' });
  looked({});

  expect(lines).toEqual([
    'problem: no new revision is taken: it asks for a login (401)',
    'problem: no new revision is taken: not on top of what was applied; trust it',
    'note: new revisions are taken again',
    'problem: a later remote is used: https://git.example/a.git: it is away',
    'note: the first remote gives revisions again',
  ]);
});
