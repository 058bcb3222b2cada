import { expect, it } from 'vitest';
import { openNotifier } from '../../src/notify/notifier.ts';
import { openAgentState } from '../../src/state/agent-state.ts';
import { tell } from '../support/tell.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { channels, openReceiver, statusNews } from './notify-rig.ts';

it('nothing that is still contested is told to be so no longer because something else begins', async () => {
  using directory = temporaryDirectory();
  using receiver = await openReceiver();
  using state = openAgentState(directory.path);
  const given = channels({ type: 'webhook', url: receiver.url, on: ['contested', 'recovery', 'fetch'] });
  const notifier = openNotifier({ channels: given, host: 'allegro', memory: state.memory('notify'), now: Date.now });
  const contested = Array.from({ length: 30 }, (_, index) => `file[/etc/${index}]`);
  const away = { at: '2026-11-20T03:00:00.000Z', ok: false, state: 'offline', remote: null, message: 'no route' } as const;
  const signal = new AbortController().signal;
  await tell(notifier, statusNews({ contested }), signal);
  await tell(notifier, statusNews({ contested, fetch: away }), signal);

  const told = receiver.received.map(({ body }) => (JSON.parse(body) as { notices: { title: string }[] }).notices);
  expect(told[0]).toHaveLength(20);
  expect(told[1]!.map(({ title }) => title)).toEqual([expect.stringContaining('FETCH fails')]);
});
