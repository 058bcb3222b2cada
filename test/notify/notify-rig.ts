import { statusWith as idleStatus } from '../report/status-fixture.ts';
import { chmodSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { AgentStatus } from '../../src/model/agent.ts';
import { hostPolicyDocument, type Channel } from '../../src/model/host-policy-document.ts';
import type { Report } from '../../src/model/report.ts';
import type { News } from '../../src/model/reporter.ts';
import { situationAfter } from '../../src/notify/conditions.ts';
import type { Condition, Topic } from '../../src/notify/notice.ts';
import { nothingTold, weigh, type Told } from '../../src/notify/weigh.ts';
import { reportWith, stepWith } from '../report/report-fixture.ts';

/** The status of an agent that has nothing to tell; tests say what matters to them. */
export const statusWith = (members: Partial<AgentStatus> = {}): AgentStatus =>
  idleStatus({ revision: { applied: 'a'.repeat(40), seen: 'a'.repeat(40), branch: 'main' }, fetch: fetched, ...members });

const fetched = {
  at: '2026-11-20T03:00:00.000Z',
  ok: true,
  state: 'fetched',
  remote: 'https://git.example',
  message: '',
} as const;

const revisionAt = (letter: string) => ({ commit: letter.repeat(40), branch: 'main', workingTree: false, key: letter });

/** A run of revision `letter` that failed and was rolled back. */
export const failedRun = (letter = 'a', members: Partial<Report> = {}): Report =>
  reportWith({
    run: `run-${letter}`,
    outcome: 'rolledBack',
    summary: 'rolled back',
    revision: revisionAt(letter),
    steps: [stepWith({ outcome: 'failed', reason: 'disk full' })],
    ...members,
  });

export const goodRun = (letter = 'a', members: Partial<Report> = {}): Report =>
  reportWith({ run: `good-${letter}`, revision: revisionAt(letter), ...members });

/** The newest revision is the one of the report unless told. */
export const ended = (report: Report, status: Partial<AgentStatus> = {}): News => ({
  type: 'ended',
  report,
  status: statusWith({ revision: { applied: null, seen: report.revision.commit, branch: 'main' }, ...status }),
});

export const statusNews = (members: Partial<AgentStatus>): News => ({ type: 'status', status: statusWith(members) });

/** Channels as the host policy would give them, defaults included. */
export const channels = (...given: readonly object[]): readonly Channel[] => hostPolicyDocument.parse({ notify: given }).notify;

export function secretFile(directory: string, text: string, mode = 0o600): string {
  const file = join(directory, `secret-${text.length}-${mode}`);
  writeFileSync(file, `${text}\n`);
  chmodSync(file, mode);
  return file;
}

interface Received {
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** A server on the loopback that keeps what it gets; `answer` is called after each request was read. */
export async function openReceiver(
  answer: (response: ServerResponse, count: number) => void = (response) => response.end('{"ok":true}'),
) {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      received.push({ url: request.url ?? '', headers: request.headers, body: Buffer.concat(chunks).toString('utf8') });
      answer(response, received.length);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    received,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.dispose]: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

const every: Topic[] = ['failure', 'recovery', 'drift', 'change', 'contested', 'approval', 'suspended', 'fetch'];

/** One channel through some news; each entry of the answer is what one piece of news made it tell. */
export function told(news: readonly (readonly [minutes: number, News])[], on: Topic[] = every): string[][] {
  let open: readonly Condition[] = [];
  let memory: Told = nothingTold;
  return news.map(([minutes, each]) => {
    const now = Date.parse('2026-11-20T03:00:00Z') + minutes * 60_000;
    const situation = situationAfter(each, open, now);
    const weighed = weigh(situation, memory, { on, cooldown: '15m' }, now);
    open = situation.open;
    memory = weighed.told;
    return weighed.notices.map(({ title }) => title);
  });
}
