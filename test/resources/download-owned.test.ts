import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openLocalReader } from '../../src/host/local-reader.ts';
import { unpack } from '../../src/resources/archive/unpack.ts';
import { download } from '../../src/resources/types/download.ts';
import { openFileServer, sha256Of } from '../support/file-server.ts';
import { makeArchive } from '../support/make-archive.ts';
import { converge, prepare, signal } from './converge-kind.ts';

const server = await openFileServer();
afterAll(() => server[Symbol.asyncDispose]());
let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'owned-'));
});
afterEach(() => rmSync(root, { recursive: true }));

describe('an archive beside something of others', () => {
  it('is refused where the version before would take its place', async () => {
    mkdirSync(join(root, 'opt/.app.before'), { recursive: true });
    const { desired } = prepare(download, {
      path: '/opt/app',
      url: 'https://x.example/a.zip',
      sha256: 'a'.repeat(64),
      extract: {},
    });
    const host = openLocalReader({ root });
    const actual = await download.inspect(desired, { host, last: undefined, signal, survey: undefined });

    expect(download.refuses?.(desired, actual, []).map(({ message }) => message)).toEqual([
      '/opt/.app.before is there, and was not unpacked by this kind',
    ]);
  });
});

describe('an archive for a directory that belongs to somebody', () => {
  it('comes into nothing to which they put a link meanwhile', async () => {
    mkdirSync(join(root, 'opt'));
    mkdirSync(join(root, 'elsewhere'));
    const archive = makeArchive('tar.gz', [{ path: 'bin/app', text: 'x' }]);
    server.serve('/app.tar.gz', (_request, response) => {
      renameSync(join(root, 'opt'), join(root, 'aside'));
      symlinkSync('elsewhere', join(root, 'opt'));
      response.end(archive);
    });
    const attributes = { path: '/opt/app', url: `${server.url}/app.tar.gz`, sha256: sha256Of(archive), extract: {} };
    await converge(download, attributes, root).catch(() => undefined);

    expect(readdirSync(join(root, 'elsewhere'))).toEqual([]);
    expect(existsSync(join(root, 'aside/app/bin/app'))).toBe(true);
  });

  it.runIf(process.getuid?.() === 0)('is theirs when all of it stands', async () => {
    const ofBin: number[] = [];
    const look = (): unknown => ofBin.push(statSync(join(root, 'bin')).uid);
    async function* entries() {
      const file = { type: 'file', isExecutable: false, target: '', body: (async function* () {})() } as const;
      yield { ...file, path: 'bin/first' };
      look();
      yield { ...file, path: 'bin/second' };
      look();
    }
    await unpack(entries(), root, { strip: 0, maxBytes: 1, maxEntries: 2, uid: 65_534, gid: 65_534, signal });
    look();

    expect(ofBin).toEqual([0, 0, 65_534]);
  });
});
