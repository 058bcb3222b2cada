import { spawnSync } from 'node:child_process';
import { lutimesSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { libraryOf, linked, stageVersion, swapLink, versionId } from '../../src/install/library.ts';
import {
  confirm,
  confirmBefore,
  guardStart,
  judgeStart,
  returnedVersion,
  standingReturn,
  switchTo,
} from '../../src/install/self-update.ts';
import { program } from '../support/run-cli.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const now = Date.parse('2026-11-20T03:00:00Z');

/** A library with version 1 installed and confirmed, version 2 staged, and two files that belong to them. */
function makeLibrary(top: string) {
  const library = join(top, 'library');
  const [one, two] = ['1', '2'].map((number) => {
    const bundle = join(top, `bundle-${number}`);
    mkdirSync(join(bundle, 'lib/run'), { recursive: true });
    for (const file of ['reconcile.mjs', 'guard.mjs', 'lib/run/chunk.mjs']) writeFileSync(join(bundle, file), `// ${number}\n`);
    const id = stageVersion(library, bundle, `0.${number}.0`);
    if (number === '1') for (const link of ['confirmed', 'current'] as const) swapLink(library, link, id);
    return id;
  }) as [string, string];
  const [unit, config] = [join(top, 'agent.service'), join(top, 'host.yaml')];
  writeFileSync(unit, 'old unit');
  const files = [
    { path: unit, content: 'new unit', mode: 0o644 },
    { path: config, content: 'new config', mode: 0o600 },
  ];
  const texts = () => [unit, config].map((file) => (existsSync(file) ? readFileSync(file, 'utf8') : null));
  return { library, one, two, unit, files, texts, links: () => [linked(library, 'current'), linked(library, 'confirmed')] };
}

describe('the judgement at a start', () => {
  const pending = { version: 'new', previous: 'old', deadline: 120_000, starts: 0, before: [] };
  const links = { current: 'new', confirmed: 'old' };
  it.each([
    ['a first start in time', {}, { now: 1 }, 'start'],
    ['a second start in time', { starts: 1 }, { now: 1 }, 'start'],
    ['a third start', { starts: 2 }, { now: 1 }, 'return'],
    ['a start in the last millisecond', {}, { now: 119_999 }, 'start'],
    ['a start at the deadline', {}, { now: 120_000 }, 'return'],
    ['a clock that was set back', {}, { now: -1 }, 'return'],
    ['a switch that was cut off', {}, { now: 1, current: 'old' }, 'return'],
    ['a confirmation that was cut off', { starts: 2 }, { now: 999_999, confirmed: 'new' }, 'finish'],
  ] as const)('of %s', (_, members, at, expected) => {
    expect(judgeStart({ ...pending, ...members }, { ...links, ...at })).toBe(expected);
  });
});

describe('an update', () => {
  it('that confirms itself stays, with its files', () => {
    using directory = temporaryDirectory();
    const { library, two, files, texts, links } = makeLibrary(directory.path);
    switchTo(library, two, now, files);
    expect(confirmBefore(library)).toBe(now + 120_000);
    expect(guardStart(library, now + 1_000)).toBeUndefined();
    confirm(library);
    confirm(library);

    expect([...links(), confirmBefore(library), guardStart(library, now + 999_999)]).toEqual([two, two, undefined, undefined]);
    expect(texts()).toEqual(['new unit', 'new config']);
  });

  it('that crashes twice is taken back with its files, and not tried again', () => {
    using directory = temporaryDirectory();
    const { library, one, two, unit, files, texts, links } = makeLibrary(directory.path);
    switchTo(library, two, now, files);
    const answers = [1, 2, 3, 4].map((second) => guardStart(library, now + second * 1_000));

    expect(answers).toEqual([undefined, undefined, { version: two, files: [unit, files[1]!.path] }, undefined]);
    expect(links()).toEqual([one, one]);
    expect(texts()).toEqual(['old unit', null]);
    expect(returnedVersion(library)).toBe(two);
    expect(standingReturn(library)).toEqual({ version: two, at: new Date(now + 3_000).toISOString() });
    expect(() => switchTo(library, two, now)).toThrow(`version ${two} was tried here and taken back`);
  });

  it('that was taken back is told until another one is confirmed, also by a clock that was set back since', () => {
    using directory = temporaryDirectory();
    const { library, one, two } = makeLibrary(directory.path);
    const ahead = Date.parse('2076-11-20T03:00:00Z');
    lutimesSync(join(library, 'confirmed'), 0, now / 1_000);
    switchTo(library, two, ahead);
    for (const second of [1, 2, 3]) guardStart(library, ahead + second * 1_000);
    expect(standingReturn(library)).toEqual({ version: two, at: '2076-11-20T03:00:03.000Z' });

    swapLink(library, 'confirmed', one);

    expect(standingReturn(library)).toBeUndefined();
  });

  it('goes back as a whole wherever the switch was cut off', () => {
    // The writes of switchTo, in their order: the note, each file, the link. A file that cannot be written cuts it off.
    for (const cut of [0, 1]) {
      using directory = temporaryDirectory();
      const { library, one, two, files, texts, links } = makeLibrary(directory.path);
      const broken = files.map((file, index) => (index === cut ? { ...file, path: join(directory.path, 'none/file') } : file));
      expect(() => switchTo(library, two, now, broken)).toThrow('ENOENT');
      guardStart(library, now + 1);

      expect(links()).toEqual([one, one]);
      expect(texts()).toEqual(['old unit', null]);
    }
  });

  it('whose note is damaged leaves the confirmed version', () => {
    using directory = temporaryDirectory();
    const { library, one, two, links } = makeLibrary(directory.path);
    switchTo(library, two, now);
    writeFileSync(join(library, 'update.json'), '{"version":');
    guardStart(library, now + 1);

    expect([...links(), existsSync(join(library, 'update.json'))]).toEqual([one, one, false]);
  });

  it('waits for the one before it, and needs a version that is there', () => {
    using directory = temporaryDirectory();
    const { library, one, two } = makeLibrary(directory.path);
    expect(() => switchTo(library, '0.9.0-none', now)).toThrow('stage it first');
    switchTo(library, two, now);
    expect(() => switchTo(library, one, now)).toThrow('is not confirmed yet');
  });

  it('is judged by the built guard, as a process', () => {
    using directory = temporaryDirectory();
    const { library, one, two, links } = makeLibrary(directory.path);
    const guard = () =>
      spawnSync(process.execPath, [program.replace(/reconcile\.mjs$/, 'guard.mjs'), library], { encoding: 'utf8' });
    switchTo(library, two, Date.now());
    const runs = [guard(), guard(), guard()];

    expect(runs.map(({ status, stderr }) => [status, stderr])).toEqual([
      [0, ''],
      [0, ''],
      [0, `version ${two} did not confirm itself and was taken back\n`],
    ]);
    expect(links()).toEqual([one, one]);
  });
});

describe('a library', () => {
  it('keeps the versions that run or are confirmed, readable by everybody, and no others', () => {
    using directory = temporaryDirectory();
    const { library, one, two } = makeLibrary(directory.path);
    const third = join(directory.path, 'bundle-2');
    writeFileSync(join(third, 'lib/run/chunk.mjs'), '// 3\n');
    const umask = process.umask(0o077);
    const id = stageVersion(library, third, '0.3.0');
    process.umask(umask);

    expect(readdirSync(join(library, 'versions')).sort()).toEqual([one, id].sort());
    expect(readdirSync(join(library, 'versions'))).not.toContain(two);
    const modes = ['', 'lib', 'lib/run', 'reconcile.mjs'].map(
      (path) => statSync(join(library, 'versions', id, path)).mode & 0o777,
    );
    expect(modes).toEqual([0o755, 0o755, 0o755, 0o644]);
  });

  it('is found from the program that runs, through the link and directly, and by no other program', () => {
    using directory = temporaryDirectory();
    const { library, one } = makeLibrary(directory.path);
    const paths = ['current', `versions/${one}`].map((place) => join(library, place, 'reconcile.mjs'));
    expect([...paths, program, '', '/nonexistent/reconcile.mjs'].map(libraryOf)).toEqual([
      library,
      library,
      undefined,
      undefined,
      undefined,
    ]);
  });

  it('replaces a version that was changed on the disk; compiled code goes along, but is not in the id', () => {
    using directory = temporaryDirectory();
    const { library, one } = makeLibrary(directory.path);
    const bundle = join(directory.path, 'bundle-1');
    mkdirSync(join(bundle, 'code-cache'));
    for (const name of ['x.code', 'y.code.new']) writeFileSync(join(bundle, 'code-cache', name), name);
    const place = join(library, 'versions', one, 'lib/run/chunk.mjs');
    writeFileSync(place, 'changed');

    expect([stageVersion(library, bundle, '0.1.0'), versionId(bundle, '0.1.0')]).toEqual([one, one]);
    expect(readFileSync(place, 'utf8')).toBe('// 1\n');
    expect(readdirSync(join(library, 'versions', one, 'code-cache'))).toEqual(['x.code']);
  });
});
