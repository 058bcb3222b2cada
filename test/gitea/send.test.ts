import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openGitea } from '../../src/gitea/client.ts';
import { GiteaError } from '../../src/gitea/gitea-error.ts';
import { Secret } from '../../src/model/secret.ts';
import { startFakeGitea, type FakeGitea } from '../support/fake-gitea.ts';
import { never, quick } from './gitea-rig.ts';

let gitea: FakeGitea;
beforeAll(async () => void (gitea = await startFakeGitea()));
afterAll(() => gitea.close());

const open = (limits: object = {}, token = gitea.token) =>
  openGitea({ url: gitea.url, token: () => Secret.of(token), limits: { ...quick, ...limits } });
const list = (limits?: object, signal = never) => open(limits).labels.list('ops/config', signal);
const create = () => open().issues.create('ops/config', { title: 't', body: '' }, never);

async function errorOf(attempt: Promise<unknown>): Promise<GiteaError> {
  const error = await attempt.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(GiteaError);
  expect(String((error as Error).stack)).not.toContain(gitea.token);
  return error as GiteaError;
}

/** How many requests it took. */
async function requestsFor(work: () => Promise<unknown>): Promise<number> {
  const before = gitea.requests.length;
  await work().catch(() => undefined);
  return gitea.requests.length - before;
}

describe('an error', () => {
  it.each([
    [401, 'the token is not valid'],
    [403, 'it needs write:repository and write:issue, and its account the right to write to the repository'],
    [404, 'it does not exist, is switched off there, or the token may not see it'],
    [405, 'its state does not allow it'],
    [409, 'it conflicts with what is there already'],
    [422, 'Gitea does not take these values'],
    [423, 'the repository is archived'],
  ])('for %i names method, path, status, what Gitea says and what to do', async (status, advice) => {
    gitea.fault({ on: /labels/, answer: { status, body: '{"message":"because"}' } });

    const error = await errorOf(list());

    expect(error.message).toContain(`Gitea, GET /repos/ops/config/labels: ${status}, "because"`);
    expect(error.message).toContain(advice);
    expect(error.status).toBe(status);
  });

  it('for a wrong token says so and is not tried again', async () => {
    const attempt = () => open({}, 'another-token').labels.list('ops/config', never);

    expect((await errorOf(attempt())).message).toContain('401');
    expect(await requestsFor(attempt)).toBe(1);
  });

  it('never holds the token, nor what a terminal would act on, even where the server sends them back', async () => {
    const message = JSON.stringify({ message: `bad token ${gitea.token}\u001b[31m` });
    gitea.fault({ on: /labels/, answer: { status: 403, body: message } });

    expect((await errorOf(list())).message).toContain('bad token <secret>\\e[31m');
  });
});

describe('a failure that may pass', () => {
  it.each([429, 500, 502, 503, 504])('with %i is tried again until it works', async (status) => {
    gitea.fault({ on: /labels/, times: 3, answer: { status } });

    expect(await requestsFor(list)).toBe(4);
  });

  it.each(['cut', 'hang', 'stall', 'lost'] as const)('of the connection (%s) is tried again', async (answer) => {
    gitea.fault({ on: /labels/, answer });

    expect(await list({ timeout: 300 })).toEqual([]);
  });

  it('is given up after four tries', async () => {
    gitea.fault({ on: /labels/, times: 4, answer: { status: 500 } });

    const requests = gitea.requests.length;
    const error = await errorOf(list());

    expect(error.message).toContain('500; Gitea itself fails; its log says why');
    expect(gitea.requests.length - requests).toBe(4);
  });

  it('waits as long as Gitea asks', async () => {
    gitea.fault({ on: /labels/, answer: { status: 429, headers: { 'retry-after': '1' } } });

    const started = performance.now();
    await list();

    expect(performance.now() - started).toBeGreaterThan(990);
  });

  it('is not waited for when Gitea asks for more than anybody wants to wait', async () => {
    const date = new Date(Date.now() + 3_600_000).toUTCString();
    gitea.fault({ on: /labels/, answer: { status: 429, headers: { 'retry-after': date } } });

    expect((await errorOf(list())).message).toMatch(/429 \(it asks to wait 3[56]\d\d s\); too many requests/);
  });

  it('is not waited for after the signal', async () => {
    gitea.fault({ on: /labels/, answer: { status: 503, headers: { 'retry-after': '20' } } });
    const controller = new AbortController();
    const requests = gitea.requests.length;
    const started = performance.now();
    const attempt = list({}, controller.signal);
    await gitea.until(() => gitea.requests.length > requests);
    controller.abort();

    await errorOf(attempt);
    expect(performance.now() - started).toBeLessThan(10_000);
    expect(gitea.requests.length - requests).toBe(1);
  });

  it('ends at once with the signal while nothing is answered', async () => {
    gitea.fault({ on: /labels/, answer: 'hang' });
    const controller = new AbortController();
    const requests = gitea.requests.length;
    const attempt = list({ timeout: 60_000 }, controller.signal);
    await gitea.until(() => gitea.requests.length > requests);
    controller.abort();

    expect((await errorOf(attempt)).message).toContain('ended before it was answered');
  });

  it('names the time limit when nothing is answered', async () => {
    gitea.fault({ on: /labels/, times: 2, answer: 'hang' });

    expect((await errorOf(list({ timeout: 50, tries: 2 }))).message).toContain('no complete answer within 50 ms');
  });
});

describe('what may have been created', () => {
  it.each(['lost', 'cut'] as const)('is not created again (%s)', async (answer) => {
    gitea.fault({ on: /POST .*issues/, answer });

    expect(await requestsFor(create)).toBe(1);
  });

  it('is not created again after 500', async () => {
    gitea.fault({ on: /POST .*issues/, answer: { status: 500 } });

    expect(await requestsFor(create)).toBe(1);
  });

  it.each([429, 503])('is tried again after %i, which says that nothing was done', async (status) => {
    gitea.fault({ on: /POST .*issues/, answer: { status } });

    expect(await requestsFor(create)).toBe(2);
  });
});

describe('an answer', () => {
  it('that redirects is refused, and nothing goes where it points', async () => {
    let asked = 0;
    const elsewhere = createServer((_request, response) => void (asked++, response.end('[]')));
    await new Promise<void>((resolve) => void elsewhere.listen(0, '127.0.0.1', resolve));
    const location = `http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}/api?next=1`;
    gitea.fault({ on: /labels/, answer: { status: 301, headers: { location } } });

    const { message } = await errorOf(list());

    expect(message).toContain(`it redirects to ${new URL(location).origin}, which is not followed; set gitea.url`);
    expect(asked).toBe(0);
    elsewhere.close();
  });

  it('that redirects because the repository was renamed says its new name', async () => {
    gitea.fault({ on: /labels/, answer: { status: 301, headers: { location: '/api/v1/repos/ops/renamed/labels?page=1' } } });

    expect((await errorOf(list())).message).toContain('the repository is now ops/renamed; set gitea.repository');
  });

  it('that is a login page says what it is', async () => {
    gitea.fault({
      on: /labels/,
      answer: { status: 200, headers: { 'content-type': 'text/html' }, body: '<html>Sign in</html>' },
    });

    expect((await errorOf(list())).message).toContain('the answer is text/html, not JSON; is gitea.url right?');
  });

  it.each([
    ['{"a": 1}', 'the answer is not what its API documents'],
    ['[{"id": "x", "name": "a"}]', '0.id is not what its API documents'],
    ['[{"name": 7}]', '0.id is not what its API documents'],
    ['"\u0000"', 'not JSON'],
    ['[', 'not JSON'],
  ])('of garbage (%s) is refused', async (body, expected) => {
    gitea.fault({ on: /labels/, answer: { status: 200, body } });

    expect((await errorOf(list())).message).toContain(expected);
  });

  it('that is too large is not read to its end', async () => {
    gitea.fault({ on: /labels/, answer: { status: 200, body: `[${' '.repeat(2_000_000)}]` } });

    expect((await errorOf(list({ bytes: 100_000 }))).message).toContain('the answer is larger than 100000 bytes');
  });
});

describe('an address', () => {
  it('that nobody listens at is named with its reason', async () => {
    const closed = await startFakeGitea();
    await closed.close();
    const client = openGitea({ url: closed.url, token: () => Secret.of('token-of-nobody'), limits: { ...quick, tries: 2 } });

    const error = await errorOf(client.labels.list('ops/config', never));

    expect(error.message).toContain('it cannot be reached (ECONNREFUSED); see to gitea.url and the network');
  });

  it.each(['https://user:hunter2@git.example', 'ftp://git.example'])('%s is refused before anything is sent', (url) => {
    const attempt = () => openGitea({ url, token: () => Secret.of('t') });

    expect(attempt).toThrow(GiteaError);
    expect(attempt).not.toThrow(/hunter2/);
  });

  it.each(['..', '../../admin', 'ops/..', ''])('with the repository "%s" is refused', async (repository) => {
    expect(await requestsFor(async () => open().labels.list(repository, never))).toBe(0);
  });

  it('may have a path of its own', async () => {
    const requests = gitea.requests.length;
    const client = openGitea({ url: `${gitea.url}/git/`, token: () => Secret.of(gitea.token), limits: { ...quick, tries: 1 } });
    await client.labels.list('ops/config', never).catch(() => undefined);

    expect(gitea.requests[requests]).toBe('GET /git/api/v1/repos/ops/config/labels');
  });
});
