import type { ServerResponse } from 'node:http';
import { expect, it } from 'vitest';
import { send } from '../../src/notify/send.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { channels, openReceiver, secretFile } from './notify-rig.ts';

const message = { schema: 'reconcile.notification/1', id: '1', host: 'allegro', text: 'text', notices: [] } as const;

/** What becomes of a message to a channel of the receiver that answers so. */
async function sendTo(channel: (url: string) => object, answer: (response: ServerResponse) => void) {
  using receiver = await openReceiver(answer);
  return await send(channels(channel(receiver.url))[0]!, message, new AbortController().signal);
}

it('a receiver that names a date is left alone until then', async () => {
  const sent = await sendTo(
    (url) => ({ type: 'webhook', url }),
    (response) => response.writeHead(503, { 'retry-after': new Date(Date.now() + 900_000).toUTCString() }).end(),
  );

  expect(sent.problem).toMatch(/^answered 503; asked to wait [1-9]\d* s$/);
  expect(sent).toMatchObject({ retryAfter: expect.closeTo(900_000, -6) as number });
});

it('a group that has become a supergroup is told with the chat_id that it has now', async () => {
  using directory = temporaryDirectory();
  const file = secretFile(directory.path, '123:abc');
  const description = 'Bad Request: group chat was upgraded to a supergroup chat';

  const { problem } = await sendTo(
    (url) => ({ type: 'telegram', api: url, chat_id: '-1', token_file: file }),
    (response) => {
      response.statusCode = 400;
      response.end(JSON.stringify({ ok: false, description, parameters: { migrate_to_chat_id: -100_123 } }));
    },
  );

  expect(problem).toBe(`400: ${description}; its chat_id is -100123 now`);
});
