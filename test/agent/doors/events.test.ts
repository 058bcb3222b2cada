import { once } from 'node:events';
import { request } from 'node:http';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { aReport } from '../../support/agent-port.ts';
import { openRig, token, type DoorRig } from '../../support/door-rig.ts';

afterEach(() => void vi.useRealTimers());

/** Reads events until one satisfies `isLast`; all that came. */
async function readUntil(answer: Response, isLast: (text: string) => boolean): Promise<string> {
  let text = '';
  for await (const chunk of answer.body!.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    if (isLast(text)) break;
  }
  return text;
}

const listeners = async (rig: DoorRig): Promise<string | undefined> =>
  /^reconcile_event_listeners (\d+)$/m.exec(await (await rig.get('/metrics')).text())?.[1];

describe('the event stream', () => {
  it.each(['/events', '/api/v1/events'])('%s begins with the status and tells what happens', async (path) => {
    await using rig = await openRig();

    const answer = await rig.get(path, token);
    const text = readUntil(answer, (all) => all.includes('event: finished'));
    rig.port.emit({ type: 'finished', run: 'r', report: aReport({ summary: 'two\nlines' }) });

    expect(answer.headers.get('content-type')).toBe('text/event-stream');
    expect(answer.headers.get('x-accel-buffering')).toBe('no');
    const [first, second, rest] = (await text).split('\n\n');
    expect(first).toMatch(/^event: status\ndata: \{"type":"status","status":\{"schema":"reconcile.status\/1",/);
    expect(JSON.parse(/^event: finished\ndata: (.*)$/.exec(second!)![1]!)).toMatchObject({ report: { summary: 'two\nlines' } });
    expect(rest).toBe('');
  });

  it('says every 15 s that it is still there', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    await using rig = await openRig();
    const text = readUntil(await rig.get('/events', token), (all) => all.includes(': still there'));

    vi.advanceTimersByTime(15_000);

    expect(await text).toContain('\n\n: still there\n\n');
  });

  it('takes 16 listeners, refuses the next, and forgets those who have gone', async () => {
    await using rig = await openRig();
    const calls = [];
    for (let count = 0; count < 16; count++) {
      const call = request(`${rig.url}/events`, { headers: { authorization: `Bearer ${token}` }, agent: false }).end();
      const [response] = (await once(call, 'response')) as [import('node:http').IncomingMessage];
      calls.push(response);
    }

    const refused = await rig.get('/events', token);
    expect(refused.status).toBe(503);
    expect(await listeners(rig)).toBe('16');

    for (const call of calls) call.destroy();
    while ((await listeners(rig)) !== '0') continue;
    expect((await readUntil(await rig.get('/events', token), () => true)).startsWith('event: status')).toBe(true);
  });

  it('drops a listener that does not read, rather than to keep everything for it', async () => {
    await using rig = await openRig();
    const call = request(`${rig.url}/events`, { headers: { authorization: `Bearer ${token}` }, agent: false }).end();
    const [response] = (await once(call, 'response')) as [import('node:http').IncomingMessage];
    response.on('error', () => undefined);
    const big = aReport({ summary: 'x'.repeat(1024 * 1024) });

    for (let count = 0; count < 30; count++) rig.port.emit({ type: 'finished', run: 'r', report: big });

    while ((await listeners(rig)) !== '0') continue;
    response.destroy();
    expect(await listeners(rig)).toBe('0');
  });

  it('ends when the doors close', async () => {
    const rig = await openRig();
    const text = readUntil(await rig.get('/events', token), () => false);

    await rig[Symbol.asyncDispose]();

    expect(await text).toContain('event: status');
    expect(rig.port.listeners.size).toBe(0);
  });
});
