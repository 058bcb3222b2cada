import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { download } from '../../src/resources/types/download.ts';
import { openFileServer, sha256Of } from '../support/file-server.ts';
import { theLaws } from '../support/laws.ts';
import { converge, prepare } from './converge-kind.ts';

const server = await openFileServer();
afterAll(() => server[Symbol.asyncDispose]());
let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'download-'));
  server.asked.length = 0;
});
afterEach(() => rmSync(root, { recursive: true }));

const content = 'a program\n';
const sha256 = sha256Of(content);
const app = { path: '/opt/app', url: `${server.url}/app`, sha256, mode: '0755' };
server.serve('/app', content);
const at = (path = '/opt/app', base = root): string => join(base, path);
const put = (base: string, text: string): void => {
  mkdirSync(at('/opt', base), { recursive: true });
  writeFileSync(at('/opt/app', base), text);
};

theLaws(download, [
  { name: 'makes the file', attributes: app },
  { name: 'replaces another file', attributes: app, given: (base) => put(base, 'old') },
  { name: 'corrects the mode', attributes: app, before: { ...app, mode: '0600' } },
  { name: 'removes the file', attributes: { path: app.path, ensure: 'absent' }, before: app },
  {
    name: 'replaces a link',
    attributes: app,
    given(base) {
      mkdirSync(at('/opt', base));
      symlinkSync('elsewhere', at('/opt/app', base));
    },
  },
]);

describe('what a download may say', () => {
  it.each([
    ['no URL', { url: undefined }, 'url: is needed'],
    ['no digest', { sha256: undefined }, 'sha256: is needed'],
    ['a short digest', { sha256: 'abc' }, 'sha256: expected 64'],
    ['another scheme', { url: 'ftp://files.example/app' }, 'url: expected a URL'],
    ['a file of this host', { url: 'file:///etc/shadow' }, 'url: expected a URL'],
    ['credentials', { url: 'https://ada:secret@files.example/app' }, 'url: a URL cannot hold credentials'],
    ['a part of a page', { url: 'https://files.example/app#x' }, 'url: a URL of a file has no "#"'],
    ['a redirect to a URL', { redirects: ['https://x'] }, 'redirects.0: expected the name of a host'],
    ['more than can be put back', { max_mib: 161 }, 'max_mib'],
  ])('refuses %s', (_what, attributes, message) => {
    expect(prepare(download, { ...app, ...attributes }).problems.join('\n')).toContain(message);
  });

  it('names every host that it may fetch from', () => {
    const { desired } = prepare(download, { ...app, url: 'https://files.example:8443/app', redirects: ['cdn.example'] });

    expect(download.contacts?.(desired)).toEqual([
      { host: 'files.example', scheme: 'https' },
      { host: 'cdn.example', scheme: 'https' },
    ]);
    expect(download.contacts?.(prepare(download, app).desired)).toEqual([{ host: '127.0.0.1', scheme: 'http' }]);
    expect(download.contacts?.(download.absent!(desired)!)).toEqual([]);
  });
});

describe('what stands there', () => {
  const state = {
    type: 'file',
    sha256: sha256Of('old'),
    size: 3,
    mode: '0755',
    owner: null,
    group: null,
    uid: 0,
    gid: 0,
  } as const;
  const refusals = (attributes: object, actual: object): string =>
    (download.refuses?.(prepare(download, { ...app, ...attributes }).desired, { ...state, ...actual }, []) ?? [])
      .map(({ message }) => message)
      .join();

  it.each([
    ['a directory', { type: 'directory' }, 'is a directory'],
    ['a device', { type: 'other' }, 'is a device'],
  ])('is not replaced where it is %s', (_what, actual, message) => {
    expect(refusals({}, actual)).toContain(message);
  });

  it('is left alone where it left git and somebody has made a directory there', () => {
    const { desired } = prepare(download, app);

    expect(download.diff(download.absent!(desired)!, { type: 'directory' })).toEqual({ action: 'none' });
    expect(download.diff(download.absent!(desired)!, state)).toMatchObject({ action: 'remove' });
    expect(refusals({ ensure: 'absent' }, { type: 'directory' })).toContain('is a directory');
  });
});

const refused = async (attributes: object): Promise<string> => {
  put(root, 'old');
  const message = await converge(download, { ...app, ...attributes }, root).then(
    () => 'no error',
    (error: Error) => error.message,
  );
  expect(readFileSync(at(), 'utf8')).toBe('old');
  expect(readdirSync(at('/opt'))).toEqual(['app']);
  return message;
};

describe('fetching', () => {
  it('happens once: while the file has its digest, nobody is asked', async () => {
    const { again } = await converge(download, app, root);
    const { diff } = await converge(download, { ...app, url: 'https://no-such-host.example/app' }, root);

    expect([again.action, diff.action]).toEqual(['none', 'none']);
    expect(server.asked).toEqual(['/app']);
  });

  it('takes megabytes piece by piece', async () => {
    const large = Buffer.alloc(20 * 1024 * 1024, 'large');
    server.serve('/large', large);
    const { again } = await converge(download, { ...app, url: `${server.url}/large`, sha256: sha256Of(large) }, root);

    expect(again.action).toBe('none');
  });

  it('refuses other bytes, and the old file stays', async () => {
    server.serve('/other?token=hidden', 'malware');
    const message = await refused({ url: `${server.url}/other?token=hidden` });

    expect(message).toBe(
      `${server.url}/other has the sha256 ${sha256Of('malware')}, not ${sha256} (7 bytes); nothing was replaced by it`,
    );
    expect(server.asked).toHaveLength(1);
  });

  it.each([
    ['its length says so', (size: number) => ({ 'content-length': size })],
    ['nobody said so before', () => ({})],
  ])('stops at the largest size where %s', async (_what, headers) => {
    const bytes = Buffer.alloc(1024 * 1024 + 1);
    server.serve('/huge', (_request, response) => response.writeHead(200, headers(bytes.length)).end(bytes));

    expect(await refused({ url: `${server.url}/huge`, max_mib: 1 })).toContain('more than the 1048576 bytes that max_mib allows');
  });

  it('does not try again what was not found', async () => {
    expect(await refused({ url: `${server.url}/nothing` })).toBe(`${server.url}/nothing answers 404`);
    expect(server.asked).toEqual(['/nothing']);
  });

  it('tries again what is out of order or breaks off', async () => {
    server.serve('/flaky', (_request, response) => {
      if (server.asked.length === 1) response.writeHead(503).end();
      else if (server.asked.length === 2)
        response.writeHead(200, { 'content-length': 10 }).write('a pro', () => response.destroy());
      else response.end(content);
    });
    await converge(download, { ...app, url: `${server.url}/flaky` }, root);

    expect(server.asked).toHaveLength(3);
    expect(readFileSync(at(), 'utf8')).toBe(content);
  });

  it('ends when its time is over, also while somebody sends nothing', async () => {
    server.serve('/silent', (_request, response) => response.writeHead(200).write('a'));

    expect(await refused({ url: `${server.url}/silent`, timeout: '1s' })).toBe(`${server.url}/silent did not come within 1 s`);
  });

  it('has as long as it wants, also longer than any timer', async () => {
    await converge(download, { ...app, timeout: '60d' }, root);

    expect(existsSync(at())).toBe(true);
  });

  it('follows to where it may', async () => {
    server.serve('/moved', (_request, response) => response.writeHead(302, { location: '/app' }).end());
    await converge(download, { ...app, url: `${server.url}/moved` }, root);

    expect(server.asked).toEqual(['/moved', '/app']);
    expect(existsSync(at())).toBe(true);
  });

  it.each([
    ['a host that nobody named', `http://localhost:${server.port}/app`, 'leads to localhost; if that is meant, name the host'],
    ['a place without encryption', 'http://files.example/app', 'only to https'],
    ['a file', 'file:///etc/shadow', 'only to https'],
    ['a place with credentials', 'https://ada:secret@files.example/app', 'without credentials'],
    ['itself', '/away', 'leads to more than 5 other places'],
  ])('does not follow to %s', async (_what, location, message) => {
    server.serve('/away', (_request, response) => response.writeHead(301, { location }).end());

    expect(await refused({ url: `${server.url}/away`, redirects: ['files.example'] })).toContain(message);
  });
});
