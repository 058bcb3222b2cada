import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { watchHealth } from '../../src/agent/watch-health.ts';
import type { AgentStatus } from '../../src/model/agent.ts';
import type { ReportedCheck } from '../../src/model/report.ts';
import { standIn } from '../support/agent-port.ts';
import { startAgentProcess } from '../support/agent-process.ts';
import { makeLiveRepository } from '../support/live-repository.ts';

vi.setConfig({ testTimeout: 60_000 });

const [good, bad]: readonly (readonly ReportedCheck[])[] = [
  [{ name: 'own: tcp 22', ok: true }],
  [{ name: 'own: tcp 22', ok: false }],
];

/** A watch over an agent that has made three polls; what is asked is answered by hand. */
function openWatch() {
  const port = standIn();
  const questions: PromiseWithResolvers<readonly ReportedCheck[] | undefined>[] = [];
  const heard: (readonly ReportedCheck[] | string)[] = [];
  const ending = new AbortController();
  watchHealth(
    {
      port,
      ask(signal) {
        const question = Promise.withResolvers<readonly ReportedCheck[] | undefined>();
        questions.push(question);
        signal.addEventListener('abort', () => question.reject(new Error('cut short')));
        return question.promise;
      },
      asked: (health) => heard.push(health),
      problem: (message) => heard.push(message),
    },
    ending.signal,
  );
  const settle = () => new Promise((resolve) => setImmediate(resolve));
  return {
    port,
    questions,
    heard,
    ending,
    settle,
    poll: (interval: number, change: Partial<AgentStatus> = {}) => port.set({ phase: 'idle', passes: { interval }, ...change }),
    async answer(health: readonly ReportedCheck[] | undefined) {
      questions.at(-1)!.resolve(health);
      await settle();
    },
  };
}

it('asks once after each poll, and not after other passes', async () => {
  const { port, poll, questions, answer, heard } = openWatch();

  port.set({ phase: 'idle', passes: { interval: 3, watch: 1, control: 2 } });
  expect(questions).toHaveLength(0);
  port.set({ phase: 'running', passes: { interval: 4 } });
  expect(questions).toHaveLength(0);
  poll(4);
  poll(4);
  expect(questions).toHaveLength(1);
  await answer(bad);
  poll(4);
  expect(questions).toHaveLength(1);
  poll(5);
  await answer(good);

  expect(heard).toEqual([bad, good]);
});

it('what says nothing is not heard, and the next poll asks again', async () => {
  const { poll, answer, heard } = openWatch();

  poll(4);
  await answer(undefined);
  poll(5);
  await answer(bad);

  expect(heard).toEqual([bad]);
});

it('does not ask while it is asking, and then once for all polls since', async () => {
  const { poll, questions, answer, heard } = openWatch();

  poll(4);
  poll(5);
  poll(6);
  expect(questions).toHaveLength(1);
  await answer(good);
  poll(6);
  expect(questions).toHaveLength(2);
  await answer(bad);

  expect(heard).toEqual([good, bad]);
});

it.each([
  ['a suspended host', { suspended: { reason: 'rack', by: 'ada', until: '2126-11-20T13:00:00.000Z' } }, { suspended: null }],
  [
    'a change that waits for its confirmation',
    { unconfirmed: { by: 'remote', run: 'r', because: [], until: '2126-11-20T13:00:00.000Z', state: 'waiting' } },
    { unconfirmed: null },
  ],
] as const)('leaves %s alone, and asks when that is over', (_, begun, over) => {
  const { poll, questions } = openWatch();

  poll(4, begun);
  expect(questions).toHaveLength(0);
  poll(4, over);

  expect(questions).toHaveLength(1);
});

it('what a run changes in the middle of it says nothing, and the run asks by itself', async () => {
  const { port, poll, questions, heard, settle } = openWatch();
  poll(4);

  port.emit({ type: 'applying', run: 'r', address: 'file[/a]', done: 0, total: 1 });
  await settle();
  poll(4);

  expect(questions).toHaveLength(1);
  expect(heard).toEqual([]);
});

it('says what went wrong with asking, and ends with the agent', async () => {
  const { port, poll, questions, heard, settle, ending } = openWatch();
  poll(4);
  questions[0]!.reject(new Error('no such thing'));
  await settle();
  poll(5);
  ending.abort();
  await settle();
  poll(6);

  expect(questions).toHaveLength(2);
  expect(heard).toEqual(['the health checks cannot be asked: no such thing']);
  expect(port.listeners.size).toBe(0);
});

it('an agent says within a poll that what it has applied has stopped working, and that it works again', async () => {
  using live = makeLiveRepository('', {
    'roles/own/role.yaml': `summary: well
resources: [{ kind: file, path: "{{ base }}/a", content: x }]
health:
  - command: { argv: [sh, -c, "test -e {{ base }}/well || { echo no well in sight; exit 3; }"], within: 100ms }
`,
  });
  live.write('desired-state/site.yaml', 'assignments:\n  - { hosts: all, roles: [own] }\n');
  live.put('well', '');
  writeFileSync(live.env['RECONCILE_HOST_POLICY']!, `paths: { allow: ["${live.base}/**"] }\nagent: { interval: 1s }\n`, {
    mode: 0o600,
  });
  await using agent = startAgentProcess(['--source', live.path, '--host', 'box'], live.env);
  await agent.line(({ outcome }) => outcome === 'converged');
  const status = () => JSON.parse(live.cli(['status', '-o', 'json']).stdout) as AgentStatus;

  rmSync(join(live.base, 'well'));
  const said = await agent.line(({ message }) => message.startsWith('health check failed'));
  expect(said.message).toContain('well in sight; exit 3; }: exit 3: no well in sight');
  expect(status().health).toMatchObject({ checks: 1, failed: [expect.stringContaining('own: command sh')] });
  live.put('well', '');
  await agent.next(({ message }) => message === 'no health check fails any more');

  expect(status().health).not.toHaveProperty('failure');
});
