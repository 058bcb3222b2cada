import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openFileServer, type FileServer } from '../support/file-server.ts';
import { freePort } from '../support/free-port.ts';
import { makeLiveRepository, type LiveRepository } from '../support/live-repository.ts';

const key = 'sk-canary-of-a-key';
let server: FileServer;
/** Authorization headers by path. */
const seen = new Map<string, string | undefined>();

beforeEach(async () => {
  seen.clear();
  server = await openFileServer();
  const answer = (path: string, status: number, headers = {}): void =>
    server.serve(path, (request, response) => {
      seen.set(path, request.headers.authorization);
      response.writeHead(status, headers).end('{"error":"the text of a provider"}');
    });
  answer('/good/models', 200);
  answer('/bare/models', 404);
  answer('/stale/models', 401);
  answer('/busy/models', 503);
  answer('/moved/models', 302, { location: `${server.url}/good/models` });
});
afterEach(() => server[Symbol.asyncDispose]());

const slot = (place: string, more = ''): string =>
  `{ provider: custom, model: m-${place}, base_url: "${server.url}/${place}"${more} }`;
const keyed = ', key_env: MODEL_KEY';

/** A chain of these slots; `before` and `after` are resources beside it. */
function repositoryWith(slots: readonly string[], probe: string, after = ''): LiveRepository {
  const live = makeLiveRepository(`
- kind: provider_chain
  path: "{{ base }}/config.yaml"
  chain: [${slots.join(', ')}]
  probe: ${probe}
${after}`);
  live.put('keys.env', `OTHER=x\nMODEL_KEY=${key}\n`);
  return live;
}
const withKeys = '{ env_file: "{{ base }}/keys.env" }';

it('one slot that can be used is enough, whatever the others say; a run with nothing to do asks nobody', async () => {
  using live = repositoryWith([slot('stale', keyed), slot('good/', keyed), slot('busy')], withKeys);

  const report = await live.converge();

  expect(report).toMatchObject({ exit: 0, outcome: 'converged' });
  expect(Object.fromEntries(seen)).toEqual({
    '/busy/models': undefined,
    '/good/models': `Bearer ${key}`,
    '/stale/models': `Bearer ${key}`,
  });
  expect(await live.converge()).toMatchObject({ exit: 0, writes: 0 });
  expect(server.asked).toHaveLength(3);
});

it('a provider that keeps no list of models can be used', async () => {
  using live = repositoryWith([slot('bare')], '{}');

  expect(await live.converge()).toMatchObject({ exit: 0 });
});

it('where every key is wrong, everything is put back and the revision is not tried again; no key is shown', async () => {
  using live = repositoryWith([slot('stale', keyed), slot('good', ', key_env: ABSENT')], withKeys);

  const report = await live.converge();

  expect(report).toMatchObject({ exit: 6, outcome: 'rolledBack' });
  expect(report.summary).toContain('0 of 2 providers can be used, 1 must be');
  expect(report.summary).toContain('custom/m-stale answers 401: it does not take the key in MODEL_KEY');
  expect(report.summary).toContain('custom/m-good has no key: ABSENT does not stand in');
  expect(JSON.stringify(report)).not.toContain(key);
  expect(JSON.stringify(report)).not.toContain('the text of a provider');
  expect(existsSync(join(live.base, 'config.yaml'))).toBe(false);
  expect(await live.converge()).toMatchObject({ exit: 7, problems: [{ code: 'quarantined' }] });
});

it.each([
  ['a provider that is out of order', () => slot('busy'), 'answers 503'],
  [
    'nobody there',
    async () => `{ provider: custom, model: m, base_url: "http://127.0.0.1:${await freePort()}" }`,
    'ECONNREFUSED',
  ],
])('%s may come back: the run is taken back, and the same revision tried again', async (_what, makeSlot, says) => {
  using live = repositoryWith([await makeSlot()], '{}');

  const report = await live.converge();

  expect(report).toMatchObject({ exit: 6, outcome: 'rolledBack', retriable: true });
  expect(report.summary).toContain(says);
});

it('a redirect is not followed, and as many as are asked for must be usable', async () => {
  using live = repositoryWith([slot('good'), slot('moved')], '{ usable: 2 }');

  const report = await live.converge();

  expect(report.summary).toContain('1 of 2 providers can be used, 2 must be: custom/m-moved answers 302');
  expect(server.asked.filter((path) => path === '/good/models')).toHaveLength(1);
});

it('keys that the same run writes are there before somebody asks with them', async () => {
  using live = repositoryWith(
    [slot('good', keyed)],
    '{ env_file: "{{ base }}/new.env" }',
    `- { kind: config, path: "{{ base }}/new.env", format: dotenv, set: { MODEL_KEY: ${key} } }`,
  );

  expect(await live.converge()).toMatchObject({ exit: 0 });
  expect(seen.get('/good/models')).toBe(`Bearer ${key}`);
});

it('lines that are no assignment, which python-dotenv passes over, do not hide the keys', async () => {
  using live = repositoryWith([slot('good', keyed)], withKeys);
  live.put('keys.env', `set -a\nexport FOO\nBROKEN="x\nMODEL_KEY=${key}\nset +a\n`);

  expect(await live.converge()).toMatchObject({ exit: 0 });
  expect(seen.get('/good/models')).toBe(`Bearer ${key}`);
});

it('the host policy decides whom a host asks', () => {
  using live = makeLiveRepository(
    `- { kind: provider_chain, path: "{{ base }}/config.yaml", chain: [${slot('good')}], probe: {} }`,
    {},
    'fetch: { hosts: [files.example] }\n',
  );

  expect(live.report()).toMatchObject({ exit: 7, problems: [{ code: 'fetch-denied' }] });
  expect(server.asked).toEqual([]);
});
