import { createHmac } from 'node:crypto';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { pushPayload } from '../support/fake-gitea-hook.ts';
import { startFakeGitea } from '../support/fake-gitea.ts';
import { commitOf } from './gitea-rig.ts';

interface Received {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** A receiver that answers with this status, or never. */
async function openReceiver(status: number | undefined) {
  const received: Received[] = [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += String(chunk);
    received.push({ headers: request.headers, body });
    if (status !== undefined) response.writeHead(status).end('answer');
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hooks/main`;
  return { url, received, [Symbol.dispose]: () => (server.closeAllConnections(), void server.close()) };
}

const secret = 'a-shared-secret-of-at-least-32-bytes';
const payload = pushPayload({ after: commitOf('1') });

describe('a webhook of the fake Gitea', () => {
  it('has the headers of Gitea and signs the very bytes that it sends', async () => {
    await using gitea = await startFakeGitea();
    using receiver = await openReceiver(202);

    const delivery = await gitea.deliver({ url: receiver.url, secret, event: 'push', payload });

    const [{ headers, body } = { headers: {}, body: '' }] = receiver.received;
    const digest = createHmac('sha256', secret).update(body).digest('hex');
    expect(delivery).toMatchObject({ status: 202, body: 'answer', isDelivered: true });
    expect(headers).toMatchObject({
      'content-type': 'application/json',
      'x-gitea-event': 'push',
      'x-gitea-event-type': 'push',
      'x-gitea-delivery': delivery.uuid,
      'x-gitea-signature': digest,
      'x-gogs-signature': digest,
      'x-github-event': 'push',
      'x-hub-signature-256': `sha256=${digest}`,
    });
    expect(JSON.parse(body)).toMatchObject({
      ref: 'refs/heads/main',
      after: commitOf('1'),
      repository: { full_name: 'ops/config' },
    });
    expect(body.split('\n')[1]).toBe('  "ref": "refs/heads/main",');
  });

  it('without a secret has empty signatures', async () => {
    await using gitea = await startFakeGitea();
    using receiver = await openReceiver(401);

    expect(await gitea.deliver({ url: receiver.url, event: 'push', payload })).toMatchObject({ status: 401, isDelivered: false });
    expect(receiver.received[0]!.headers['x-gitea-signature']).toBe('');
  });

  it('is sent once, also when nobody answers in time', async () => {
    await using gitea = await startFakeGitea();
    using receiver = await openReceiver(undefined);

    const delivery = await gitea.deliver({ url: receiver.url, secret, event: 'push', payload, timeout: 1_000 });

    expect(delivery).toMatchObject({ status: undefined, isDelivered: false });
    expect(receiver.received).toHaveLength(1);
  });
});

it('a claim that does not come true in time is an error that says what Gitea was asked', async () => {
  await using gitea = await startFakeGitea();

  await expect(gitea.until(() => gitea.issues.length > 0, 10)).rejects.toThrow('Gitea was not told within 10 ms');
});
