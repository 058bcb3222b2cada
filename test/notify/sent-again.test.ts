import { expect, it } from 'vitest';
import type { Channel } from '../../src/model/host-policy-document.ts';
import { openNotifier } from '../../src/notify/notifier.ts';
import { openAgentState } from '../../src/state/agent-state.ts';
import { tell } from '../support/tell.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { channels, ended, failedRun, openReceiver } from './notify-rig.ts';

const signal = new AbortController().signal;

it('a receiver that drops what it has got already, by its id, misses nothing that came after an answer was lost', async () => {
  using directory = temporaryDirectory();
  using receiver = await openReceiver((response, count) => void (count === 1 ? response.destroy() : response.end()));
  using state = openAgentState(directory.path);
  const given = channels({ type: 'webhook', url: receiver.url });
  const notifier = openNotifier({ channels: given, host: 'allegro', memory: state.memory('notify'), now: Date.now });
  for (const letter of ['b', 'c']) await tell(notifier, ended(failedRun(letter)), signal);

  const messages = receiver.received.map(({ body }) => JSON.parse(body) as { id: string; text: string });
  const seen = new Map(messages.toReversed().map(({ id, text }) => [id, text]));
  expect([...seen.values()].join('\n')).toContain('cccccccc');
});

it('a channel that the host policy names again after a while gets nothing from before', async () => {
  using directory = temporaryDirectory();
  let isDown = true;
  using receiver = await openReceiver((response) => void (isDown ? response.destroy() : response.end()));
  using state = openAgentState(directory.path);
  const open = (...given: readonly Channel[]) =>
    openNotifier({ channels: given, host: 'allegro', memory: state.memory('notify'), now: Date.now });
  const [kept, gone] = channels(
    { type: 'webhook', url: `${receiver.url}/kept` },
    { type: 'webhook', url: `${receiver.url}/gone` },
  );
  await tell(open(kept!, gone!), ended(failedRun('b')), signal);
  await tell(open(kept!), ended(failedRun('c')), signal);
  isDown = false;
  receiver.received.length = 0;

  await tell(open(kept!, gone!), ended(failedRun('d')), signal);

  const told = receiver.received.map(({ url, body }) => `${url} ${(JSON.parse(body) as { notices: unknown[] }).notices.length}`);
  expect(told.sort()).toEqual(['/gone 1', '/kept 3']);
});
