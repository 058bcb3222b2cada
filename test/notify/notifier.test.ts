import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { openReporting } from '../../src/agent/reporting.ts';
import type { Channel } from '../../src/model/host-policy-document.ts';
import type { News } from '../../src/model/reporter.ts';
import { openNotifier } from '../../src/notify/notifier.ts';
import { openAgentState } from '../../src/state/agent-state.ts';
import { stepWith } from '../report/report-fixture.ts';
import { deliver, tell } from '../support/tell.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { channels, ended, failedRun, goodRun, openReceiver, secretFile, statusNews, statusWith } from './notify-rig.ts';

const signal = new AbortController().signal;
const start = Date.parse('2026-11-20T03:00:00Z');
const minute = 60_000;

const readReports = vi.fn(() => [failedRun('b', { startedAt: '2026-11-20T01:00:00.000Z' })]);

/** A notifier over a real agent state; opening a second one in the same directory is a restart. */
function open(directory: string, given: readonly Channel[]) {
  const state = openAgentState(join(directory, 'state'));
  let time = start;
  const notifier = openNotifier({ channels: given, host: 'allegro', memory: state.memory('notify'), now: () => time });
  return {
    ...notifier,
    /** Tells at some minutes after the start. */
    at(minutes: number, news: News) {
      time = start + minutes * minute;
      return tell(notifier, news, signal);
    },
    digestAt(minutes: number) {
      time = start + minutes * minute;
      notifier.noteDigest(statusWith(), readReports);
      return deliver(notifier, signal);
    },
    [Symbol.dispose]: () => state.close(),
  };
}

const textOf = (body: string): string => (JSON.parse(body) as { text: string }).text;
const failed = (letter: string): News => ended(failedRun(letter));

describe('telegram', () => {
  const token = '123456:AAsecretBotTokenForTests';
  const telegram = (directory: string, api: string): readonly Channel[] =>
    channels({ type: 'telegram', chat_id: '-100', token_file: secretFile(directory, token), api });

  it('gets a plain text with host, what, why and what to do', async () => {
    using directory = temporaryDirectory();
    using receiver = await openReceiver();
    using notifier = open(directory.path, telegram(directory.path, receiver.url));

    expect(await notifier.at(0, failed('b'))).toEqual({});
    expect(receiver.received.map(({ url }) => url)).toEqual([`/bot${token}/sendMessage`]);
    expect(JSON.parse(receiver.received[0]!.body)).toEqual({
      chat_id: '-100',
      text: [
        'allegro: FAILED and rolled back; the host is as it was (bbbbbbbb (main))',
        'file[/etc/motd]: disk full',
        'Do: reconcile show run-b, then push a fix; reconcile release tries the same revision again',
      ].join('\n'),
      link_preview_options: { is_disabled: true },
    });
  });

  it('is left alone for as long as it asks, and then gets everything in one message', async () => {
    using directory = temporaryDirectory();
    using receiver = await openReceiver((response, count) => {
      if (count > 1) return void response.end('{"ok":true}');
      response.statusCode = 429;
      response.end('{"ok":false,"error_code":429,"description":"Too Many Requests","parameters":{"retry_after":120}}');
    });
    using notifier = open(directory.path, telegram(directory.path, receiver.url));

    expect((await notifier.at(0, failed('b'))).problem).toContain('telegram -100: 429: Too Many Requests; asked to wait 120 s');
    expect(await notifier.at(1, failed('c'))).toEqual({});
    expect(receiver.received).toHaveLength(1);
    expect(await notifier.at(2.1, failed('c'))).toEqual({});
    expect(textOf(receiver.received[1]!.body)).toMatch(
      /^allegro: 2 messages\n\nFAILED .*bbbbbbbb.* \[03:00 UTC\]\n[^]*\n\nFAILED .*cccccccc/,
    );
  });

  it.each([
    ['a token that others can read', token, 0o644, 'can be read by others: chmod 600'],
    ['a file that holds something else', '../../admin', 0o600, 'does not hold a bot token'],
  ])('is not asked with %s, and the message has no secret', async (_, text, mode, problem) => {
    using directory = temporaryDirectory();
    using receiver = await openReceiver();
    const file = secretFile(directory.path, text, mode);
    using notifier = open(directory.path, channels({ type: 'telegram', chat_id: '1', token_file: file, api: receiver.url }));

    const answer = await notifier.at(0, failed('b'));
    expect(answer.problem).toContain(problem);
    expect(answer.problem).not.toContain(text);
    expect(receiver.received).toEqual([]);
  });

  it('does not get its token back into a message by quoting it, nor by not answering', async () => {
    using directory = temporaryDirectory();
    const quoting = await openReceiver((response) => {
      response.statusCode = 401;
      response.end(JSON.stringify({ ok: false, description: `Unauthorized: /bot${token}/` }));
    });
    using notifier = open(directory.path, telegram(directory.path, quoting.url));
    const quoted = await notifier.at(0, failed('b'));
    quoting[Symbol.dispose]();
    const gone = await notifier.at(1, failed('b'));

    expect(quoted.problem).toContain('401: Unauthorized: /bot<secret>/; is the token in');
    expect(gone.problem).toContain('no connection (ECONNREFUSED)');
    expect(JSON.stringify([quoted, gone])).not.toContain(token);
    expect(readFileSync(join(directory.path, 'state/agent.db')).includes(token)).toBe(false);
  });
});

describe('a webhook', () => {
  const secret = 'a-shared-secret-of-at-least-32-bytes';

  it('gets signed JSON', async () => {
    using directory = temporaryDirectory();
    using receiver = await openReceiver();
    using notifier = open(
      directory.path,
      channels({ type: 'webhook', url: `${receiver.url}/in?key=k`, secret_file: secretFile(directory.path, secret) }),
    );

    expect(await notifier.at(0, failed('b'))).toEqual({});
    const { headers, body } = receiver.received[0]!;
    expect(headers['x-reconcile-signature']).toBe(createHmac('sha256', secret).update(body).digest('hex'));
    expect(JSON.parse(body)).toMatchObject({
      schema: 'reconcile.notification/1',
      id: headers['x-reconcile-delivery'],
      host: 'allegro',
      notices: [{ topic: 'failure', state: 'began', subject: 'run', why: 'file[/etc/motd]: disk full' }],
    });
  });

  it('that redirects gets nothing more, and is named without its URL', async () => {
    using directory = temporaryDirectory();
    using elsewhere = await openReceiver();
    using receiver = await openReceiver((response) => response.writeHead(307, { location: elsewhere.url }).end());
    using notifier = open(directory.path, channels({ type: 'webhook', url: `${receiver.url}/T0/B0/token` }));

    const { problem } = await notifier.at(0, failed('b'));
    expect(problem).toContain('webhook 127.0.0.1: answered 307; redirects are not followed');
    expect(problem).not.toContain('token');
    expect(elsewhere.received).toEqual([]);
  });

  it('that is down gets what it missed with the next news, and nothing twice after a restart', async () => {
    using directory = temporaryDirectory();
    let isUp = false;
    using receiver = await openReceiver((response) => {
      response.statusCode = isUp ? 200 : 503;
      response.end();
    });
    const given = channels({ type: 'webhook', url: receiver.url });
    {
      using notifier = open(directory.path, given);
      expect((await notifier.at(0, failed('b'))).problem).toContain('answered 503 (1 kept for webhook 127.0.0.1');
    }
    isUp = true;
    {
      using notifier = open(directory.path, given);
      expect(await notifier.at(1, failed('b'))).toEqual({});
    }
    using notifier = open(directory.path, given);
    await notifier.at(60, failed('b'));
    await notifier.at(61, ended(goodRun('b')));

    const texts = receiver.received.map(({ body }) => textOf(body).split('\n')[0]);
    expect(texts).toEqual([
      'allegro: FAILED and rolled back; the host is as it was (bbbbbbbb (main))',
      'allegro: FAILED and rolled back; the host is as it was (bbbbbbbb (main))',
      'allegro: RECOVERED: converged again after bbbbbbbb (main) failed',
    ]);
    const ids = receiver.received.map(({ body }) => (JSON.parse(body) as { id: string }).id);
    expect(ids[0]).toBe(ids[1]);
  });

  it('that is down for long keeps the newest 40 and says how many are gone', async () => {
    using directory = temporaryDirectory();
    let isUp = false;
    using receiver = await openReceiver((response) => {
      response.statusCode = isUp ? 200 : 503;
      response.end();
    });
    using notifier = open(directory.path, channels({ type: 'webhook', url: receiver.url }));
    for (let index = 0; index < 45; index++) {
      const revision = { commit: index.toString(16).padStart(40, '0'), branch: 'main', workingTree: false, key: 'k' };
      await notifier.at(index, ended(failedRun('b', { revision, summary: 's' })));
    }
    isUp = true;
    await notifier.at(100, statusNews({}));

    const { text, notices } = JSON.parse(receiver.received.at(-1)!.body) as { text: string; notices: unknown[] };
    expect(notices).toHaveLength(40);
    expect(text).toMatch(/^allegro: 40 messages\n\(5 older messages could not be delivered and were dropped/);
    expect(text.length).toBeLessThanOrEqual(4096);
    expect(text).toMatch(/\.\.\. and \d+ more: reconcile history$/);
  });

  it('gets news that come while another is sent in one message after it', async () => {
    using directory = temporaryDirectory();
    const { promise: first, resolve: arrived } = Promise.withResolvers<() => void>();
    using receiver = await openReceiver((response, count) => {
      if (count === 1) arrived(() => response.end());
      else response.end();
    });
    using notifier = open(directory.path, channels({ type: 'webhook', url: receiver.url }));
    const reporting = openReporting([notifier], (_, message) => expect.unreachable(message));
    reporting.tell(failed('b'));
    const release = await first;
    for (const letter of ['c', 'd']) reporting.tell(failed(letter));
    release();
    await reporting.close(signal);

    expect(receiver.received.map(({ body }) => textOf(body).split(':')[1]?.slice(0, 11))).toEqual([' FAILED and', ' 2 messages']);
  });

  it('gets routine news at most once a minute, together', async () => {
    using directory = temporaryDirectory();
    using receiver = await openReceiver();
    using notifier = open(directory.path, channels({ type: 'webhook', url: receiver.url, on: ['change'] }));
    const changed = (letter: string) => ended(goodRun(letter, { steps: [stepWith({ outcome: 'changed' })] }));
    for (const [index, letter] of ['a', 'b', 'c', 'd'].entries()) await notifier.at(index / 4, changed(letter));
    await notifier.at(1.1, statusNews({}));

    expect(receiver.received.map(({ body }) => (JSON.parse(body) as { notices: unknown[] }).notices.length)).toEqual([1, 3]);
  });

  it('that hangs is given up when the agent stops, and the message is kept', async () => {
    using directory = temporaryDirectory();
    const abort = new AbortController();
    using receiver = await openReceiver(() => abort.abort(new Error('SIGTERM was received')));
    using state = openAgentState(directory.path);
    const given = channels({ type: 'webhook', url: receiver.url });
    const notifier = openNotifier({ channels: given, host: 'allegro', memory: state.memory('notify'), now: () => start });

    const { problem } = await tell(notifier, failed('b'), abort.signal);
    expect(problem).toContain('stopped before it was delivered (1 kept');
  });
});

describe('a notifier that cannot remember', () => {
  it('says so, for what is sent would be sent again', () => {
    using directory = temporaryDirectory();
    const state = openAgentState(directory.path);
    const given = channels({ type: 'webhook', url: 'http://127.0.0.1:9' });
    const notifier = openNotifier({ channels: given, host: 'allegro', memory: state.memory('notify'), now: () => start });
    state.close();

    expect(() => notifier.note(failed('b'))).toThrow('statement has been finalized');
  });
});

describe('a digest', () => {
  it('comes once a day, also when its time was slept through, and not after 6 hours', async () => {
    using directory = temporaryDirectory();
    using receiver = await openReceiver();
    // Local time of this machine, whatever it is.
    const local = new Date(start);
    const at = `${String(local.getHours()).padStart(2, '0')}:${String(local.getMinutes()).padStart(2, '0')}`;
    const given = channels({ type: 'webhook', url: receiver.url, digest: at });
    {
      using notifier = open(directory.path, given);
      await notifier.digestAt(-1);
      await notifier.digestAt(0);
      await notifier.digestAt(1);
      await notifier.digestAt(7 * 60);
    }
    using notifier = open(directory.path, given);
    await notifier.digestAt(5 * 60);
    await notifier.digestAt(24 * 60 + 7 * 60);
    await notifier.digestAt(48 * 60 + 5 * 60);

    expect(receiver.received.map(({ body }) => textOf(body).split('\n')[0])).toEqual([
      'allegro: Digest 11-19 03:00 UTC to 11-20 03:00 UTC',
      'allegro: Digest 11-21 03:00 UTC to 11-22 03:00 UTC',
    ]);
    expect(textOf(receiver.received[0]!.body)).toContain('1 run, 1 failed');
    expect(readReports).toHaveBeenCalledTimes(2);
  });
});
