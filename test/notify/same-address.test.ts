import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openNotifier } from '../../src/notify/notifier.ts';
import { openAgentState } from '../../src/state/agent-state.ts';
import { stepWith } from '../report/report-fixture.ts';
import { tell } from '../support/tell.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { channels, ended, failedRun, goodRun, openReceiver, statusNews } from './notify-rig.ts';

it('a webhook that three entries name gets from each what that one is to tell', async () => {
  using directory = temporaryDirectory();
  using receiver = await openReceiver();
  using state = openAgentState(join(directory.path, 'state'));
  const entry = { type: 'webhook', url: receiver.url };
  const given = channels({ ...entry, on: ['failure', 'recovery'] }, { ...entry, on: ['drift'] }, { ...entry, on: ['suspended'] });
  const notifier = openNotifier({ channels: given, host: 'allegro', memory: state.memory('notify'), now: Date.now });
  const signal = new AbortController().signal;
  const suspended = { reason: 'x', by: 'ada', until: '2026-11-21T03:00:00Z' };
  await tell(notifier, ended(failedRun('b')), signal);
  await tell(notifier, ended(goodRun('c', { steps: [stepWith({ cause: 'drift', outcome: 'held' })] })), signal);
  await tell(notifier, statusNews({ suspended }), signal);

  const told = receiver.received.map(({ body }) => (JSON.parse(body) as { notices: { topic: string; state: string }[] }).notices);
  expect(told.map((notices) => notices.map(({ topic, state }) => `${topic} ${state}`).join()).sort()).toEqual([
    'drift began',
    'failure began',
    'failure ended',
    'suspended began',
  ]);
});
