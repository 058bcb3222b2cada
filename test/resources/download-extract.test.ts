import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openLocalHost } from '../../src/host/local-host.ts';
import { openLocalReader } from '../../src/host/local-reader.ts';
import { download } from '../../src/resources/types/download.ts';
import { openFileServer, sha256Of } from '../support/file-server.ts';
import { makeArchive, type Packed } from '../support/make-archive.ts';
import { contents, converge, prepare, signal } from './converge-kind.ts';

const server = await openFileServer();
afterAll(() => server[Symbol.asyncDispose]());
let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'extract-'));
  server.asked.length = 0;
});
afterEach(() => rmSync(root, { recursive: true }));

const program: readonly Packed[] = [
  { path: './app-1/', type: 'directory' },
  { path: './app-1/bin/app', text: '#!/bin/sh\n', mode: '4755' },
  { path: './app-1/lib/core.so.1', text: 'core', mode: '0666' },
  { path: './app-1/lib/core.so', type: 'symlink', target: 'core.so.1' },
  { path: `./app-1/share/${'long/'.repeat(60)}name`, text: 'deep' },
];
const at = (path = ''): string => join(root, 'opt/app', path);
const wanted = (archive: Buffer, more: object = {}, name = '/app.tar.gz'): object => {
  server.serve(name, archive);
  const extract = { strip: 1, ...more };
  return { path: '/opt/app', url: `${server.url}${name}`, sha256: sha256Of(archive), extract };
};
const refused = (attributes: object): Promise<string> =>
  converge(download, attributes, root).then(
    () => 'no error',
    (error: Error) => error.message,
  );

describe('what an unpacked download may say', () => {
  const some = { path: '/opt/app', url: 'https://files.example/app.tar.zst?x=1', sha256: 'a'.repeat(64), extract: {} };
  it.each([
    ['a format that nobody knows', { url: 'https://files.example/app.rar' }, 'extract: the URL does not end with'],
    ['a mode', { mode: '0755' }, 'mode: what is unpacked has the modes'],
    ['more names left out than there are', { extract: { strip: 11 } }, 'extract.strip'],
    ['a size that is none', { max_mib: 20_000 }, 'max_mib'],
  ])('refuses %s', (_what, attributes, message) => {
    expect(prepare(download, { ...some, ...attributes }).problems.join('\n')).toContain(message);
  });

  it('takes archives larger than what could be kept for a rollback', () => {
    expect(prepare(download, { ...some, max_mib: 4096 }).desired).toMatchObject({ extract: { format: 'tar.zst' } });
  });

  it('tells policy every path that it writes', () => {
    expect(download.writes?.(prepare(download, some).desired, [{ field: 'content', from: null, to: 'a' }])).toEqual([
      '/opt/app',
      '/opt/.app.archive',
      '/opt/.app.fresh',
      '/opt/.app.before',
    ]);
  });
});

describe('an archive', () => {
  it.each(['tar', 'tar.gz', 'tar.zst', 'zip', 'gnu'] as const)('of the form %s becomes the directory', async (format) => {
    const { diff, again } = await converge(
      download,
      wanted(makeArchive(format, program), { format: format === 'gnu' ? 'tar.gz' : format }),
      root,
    );

    expect([diff.action, again.action]).toEqual(['create', 'none']);
    expect(readdirSync(join(root, 'opt'))).toEqual(['app']);
    expect(readdirSync(at()).sort()).toEqual(['.reconcile-unpacked.json', 'bin', 'lib', 'share']);
    expect(statSync(at('bin/app')).mode & 0o7777).toBe(0o755);
    expect(statSync(at('lib/core.so.1')).mode & 0o7777).toBe(0o644);
    expect(readlinkSync(at('lib/core.so'))).toBe('core.so.1');
    expect(readFileSync(at(`share/${'long/'.repeat(60)}name`), 'utf8')).toBe('deep');
  });

  it('is fetched once, and again when something in the directory was changed', async () => {
    const attributes = wanted(makeArchive('tar.gz', program));
    await converge(download, attributes, root);
    expect((await converge(download, attributes, root)).diff.action).toBe('none');
    expect(server.asked).toHaveLength(1);

    for (const change of [
      () => appendFileSync(at('lib/core.so.1'), 'x'),
      () => chmodSync(at('bin/app'), 0o777),
      () => writeFileSync(at('new'), ''),
      () => rmSync(at('lib/core.so')),
    ]) {
      change();
      const { diff, again } = await converge(download, attributes, root);
      expect([diff.action, again.action]).toEqual(['update', 'none']);
    }
    expect(readFileSync(at('lib/core.so'), 'utf8')).toBe('core');
    expect(existsSync(at('new'))).toBe(false);
  });

  it('takes the place of the version before, and the rollback brings that one back', async () => {
    await converge(download, wanted(makeArchive('tar.gz', program)), root);
    const before = statSync(at('bin/app')).ino;
    const next = wanted(makeArchive('tar.gz', [{ path: 'app-2/bin/other', text: '2' }]), {}, '/app-2.tar.gz');

    const { undo } = await converge(download, next, root);
    expect(readdirSync(at('bin'))).toEqual(['other']);
    expect(readdirSync(join(root, 'opt')).sort()).toEqual(['.app.before', 'app']);
    await undo();

    expect(statSync(at('bin/app')).ino).toBe(before);
    expect(readdirSync(join(root, 'opt'))).toEqual(['app']);
  });

  it('leaves what stands, and says so, where a version further back is wanted than is kept', async () => {
    await converge(download, wanted(makeArchive('tar.gz', program)), root);
    const second = await converge(download, wanted(makeArchive('tar.gz', [{ path: 'app-2/two' }]), {}, '/2.tar.gz'), root);
    const third = await converge(download, wanted(makeArchive('tar.gz', [{ path: 'app-3/three' }]), {}, '/3.tar.gz'), root);
    await third.undo();

    expect(await second.undo()).toEqual({
      aside: ['/opt/app stays as it is: what was unpacked there before is not kept any more'],
    });
    expect(existsSync(at('two'))).toBe(true);
    rmSync(join(root, 'opt'), { recursive: true });
    expect(await second.undo()).toHaveProperty('aside');
  });

  it('of a run that was killed between its two renames is put back', async () => {
    await converge(download, wanted(makeArchive('tar.gz', program)), root);
    const { desired } = prepare(download, wanted(makeArchive('tar.gz', [{ path: 'app-2/x' }]), {}, '/app-2.tar.gz'));
    const host = openLocalHost({ root });
    const context = { host, last: undefined, contents, signal, survey: undefined };
    const saved = await download.undo!.capture(desired, context);
    renameSync(at(), join(root, 'opt/.app.before'));
    mkdirSync(join(root, 'opt/.app.fresh'));
    writeFileSync(join(root, 'opt/.app.archive'), 'half');

    await download.undo!.restore(saved, context);
    expect(await download.undo!.restore(saved, context)).toBe('unchanged');

    await host.commit(signal);
    host.close();
    expect(readdirSync(join(root, 'opt'))).toEqual(['app']);
    expect(existsSync(at('bin/app'))).toBe(true);
  });

  it.skipIf(!existsSync('/usr/bin/xz'))(
    'of the form tar.xz is unpacked by xz on a live host, and held where nothing is run',
    async () => {
      const attributes = { ...wanted(makeArchive('tar.xz', program), {}, '/app.tar.xz'), path: at() };
      const { again } = await converge(download, attributes);
      expect([again.action, existsSync(at('bin/app')), readdirSync(join(root, 'opt'))]).toEqual(['none', true, ['app']]);

      const large = [{ path: 'a/zeros', text: '\0'.repeat(1024), times: 3000 }];
      const limited = wanted(makeArchive('tar.xz', large), { max_unpacked_mib: 1, max_entries: 1 }, '/large.tar.xz');
      await expect(converge(download, { ...limited, path: at('large') })).rejects.toThrow('cannot be unpacked by xz');
      const { desired } = prepare(download, attributes);
      expect(download.unsupported?.(desired, openLocalReader({ root }))).toBe('needs a live host to unpack xz');
      expect(download.commands?.(desired)).toEqual(['prlimit', 'xz']);
    },
  );

  it('leaves with its resource, and the rollback brings it back', async () => {
    const first = await converge(download, wanted(makeArchive('tar.gz', program)), root);
    const { diff, again, undo } = await converge(download, { path: '/opt/app', ensure: 'absent' }, root);
    expect([diff.action, again.action, existsSync(at())]).toEqual(['remove', 'none', false]);

    await undo();
    expect(existsSync(at('bin/app'))).toBe(true);
    await first.undo();
    expect(existsSync(at())).toBe(false);
  });

  it('with other bytes than git names changes nothing', async () => {
    await converge(download, wanted(makeArchive('tar.gz', program)), root);
    const other = { ...wanted(makeArchive('tar.gz', program), {}, '/other.tar.gz'), sha256: sha256Of('other') };

    expect(await refused(other)).toContain('nothing was replaced by it');
    expect(readdirSync(join(root, 'opt'))).toEqual(['app']);
    expect(existsSync(at('bin/app'))).toBe(true);
  });

  it('is not unpacked over what somebody else put there, nor behind a link', async () => {
    const attributes = wanted(makeArchive('tar.gz', program));
    mkdirSync(at('own'), { recursive: true });
    const { desired } = prepare(download, attributes);
    expect(download.refuses?.(desired, { type: 'directory' }, []).map(({ message }) => message)).toEqual([
      '/opt/app is there already, and was not unpacked by this kind',
    ]);

    mkdirSync(join(root, 'elsewhere'));
    symlinkSync('elsewhere', join(root, 'srv'));
    expect(await refused({ ...attributes, path: '/srv/app' })).toBe(
      '/srv is a symbolic link or not a directory; name the real path instead',
    );
    expect(readdirSync(join(root, 'elsewhere'))).toEqual([]);
  });
});

describe('a hostile archive', () => {
  const file = { path: 'a/file', text: 'x' };
  const cases: readonly (readonly [string, readonly Packed[], string])[] = [
    ['an absolute path', [{ path: '/etc/cron.d/evil', text: 'x' }], 'leads out of it'],
    ['a path upwards', [{ path: 'a/../../evil', text: 'x' }], 'leads out of it'],
    ['an absolute link', [file, { path: 'a/link', type: 'symlink', target: '/etc' }], 'a link to "/etc"'],
    ['a link out', [file, { path: 'a/link', type: 'symlink', target: '../../etc' }], 'which is not in it'],
    ['a link to nothing', [file, { path: 'a/link', type: 'symlink', target: 'gone' }], 'which is not in it'],
    [
      'a link out through another one',
      [
        { path: 'a/deep/er/file', text: 'x' },
        { path: 'a/deep/er/up', type: 'symlink', target: '../..' },
        { path: 'a/out', type: 'symlink', target: 'deep/er/up/../../..' },
      ],
      'which is not in it',
    ],
    [
      'a file behind a link',
      [
        { path: 'a/link', type: 'symlink', target: '../../../etc' },
        { path: 'a/link/evil', text: 'x' },
      ],
      'holds something twice: link',
    ],
    ['a fifo', [file, { path: 'a/pipe', type: 'fifo' }], 'which is no file, directory or link'],
    ['its own marker', [{ path: 'a/.reconcile-unpacked.json', text: '{}' }], 'a name that is taken'],
    ['a name twice', [file, file], 'holds something twice: file'],
    ['too much', [{ path: 'a/zeros', text: '\0'.repeat(1024), times: 2049 }], 'more than the 2097152 bytes'],
    ['too many', Array.from({ length: 21 }, (_, index) => ({ path: `a/${index}` })), 'more than 20 entries'],
  ];
  const limits = { max_unpacked_mib: 2, max_entries: 20 };

  it.each(
    (['tar.gz', 'zip'] as const).flatMap((format) =>
      cases.map(([what, entries, message]) => ({ format, what, entries, message })),
    ),
  )('of the form $format with $what leaves nothing', async ({ format, entries, message }) => {
    const said = await refused(wanted(makeArchive(format, entries), { format, ...limits }));

    expect(said).toContain(message);
    expect(readdirSync(root)).toEqual(['opt']);
    expect(readdirSync(join(root, 'opt'))).toEqual([]);
  });

  it.each([
    ['a device', [{ path: 'a/null', type: 'device' }], 'which is no file, directory or link'],
    ['a hard link out', [{ path: 'a/shadow', type: 'link', target: '/etc/shadow' }], 'leads out of it'],
    ['a hard link to nothing', [{ path: 'a/x', type: 'link', target: 'a/y' }], 'which is not in it'],
  ] satisfies [string, readonly Packed[], string][])('with %s leaves nothing', async (_what, entries, message) => {
    expect(await refused(wanted(makeArchive('tar.gz', entries)))).toContain(message);
    expect(readdirSync(join(root, 'opt'))).toEqual([]);
  });

  it.each([
    ['is cut', (archive: Buffer) => archive.subarray(0, archive.length / 2), 'tar.gz'],
    ['is text', () => Buffer.from('<html>not found</html>'.repeat(100)), 'tar.gz'],
    ['is text', () => Buffer.from('<html>not found</html>'.repeat(100)), 'tar'],
    ['is text', () => Buffer.from('<html>not found</html>'.repeat(100)), 'zip'],
  ] as const)('that %s is told as what it is (%#)', async (_what, spoil, format) => {
    expect(await refused(wanted(spoil(makeArchive('tar.gz', program)), { format }))).toMatch(
      /^the archive .*; nothing was unpacked$/,
    );
    expect(readdirSync(join(root, 'opt'))).toEqual([]);
  });
});
