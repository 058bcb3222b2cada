import { mkdirSync, readdirSync, rmSync, statfsSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { mountSmall } from '../support/mount-small.ts';
import { makeRepository } from '../support/repository.ts';
import { runCli, type CliResult } from '../support/run-cli.ts';
import { snapshot } from '../support/snapshot.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const kilobytes = (count: number, letter: string): string => letter.repeat(count * 1024);

/** Takes all room but so many KiB. */
function fillBut(path: string, left: number): void {
  const { bavail, bsize } = statfsSync(path);
  writeFileSync(join(path, 'ballast'), Buffer.alloc(Math.max(0, bavail * bsize - left * 1024)));
}

/** Two files that are replaced by others of the same size, one that is new, and, after them, one that does not fit. */
const resources = `
- { kind: file, path: /etc/a, source: a, mode: "0640" }
- { kind: file, path: /etc/b, source: b }
- { kind: file, path: /etc/new, source: new }
- { kind: file, path: /etc/old, ensure: absent }
- { kind: file, path: /etc/last, source: last, after: ["file[/etc/a]", "file[/etc/b]", "file[/etc/new]", "file[/etc/old]"] }
`;
const sources = {
  'desired-state/files/a': kilobytes(100, 'A'),
  'desired-state/files/b': kilobytes(100, 'B'),
  'desired-state/files/new': kilobytes(300, 'n'),
  'desired-state/files/last': kilobytes(400, 'l'),
};

function makeOriginal(root: string): void {
  mkdirSync(join(root, 'etc'));
  writeFileSync(join(root, 'etc/a'), kilobytes(100, 'a'), { mode: 0o600 });
  writeFileSync(join(root, 'etc/b'), kilobytes(100, 'b'));
  writeFileSync(join(root, 'etc/old'), kilobytes(20, 'o'));
}

/** The program on a root of our choice; the repository is elsewhere. */
function runIn(root: string, repository: { readonly path: string }, args: readonly string[] = []): CliResult {
  return runCli([...args, '--source', repository.path, '--host', 'box', '--root', root]);
}

const managed = (root: string): string => snapshot(root, { ignore: (path) => path === '/var' || path === '/ballast' });

it('a disk that fills up half-way through an apply: the exact previous tree, exit 6, and what was full', ({ skip }) => {
  using disk = mountSmall('size=4m', skip);
  using elsewhere = temporaryDirectory();
  using repository = makeRepository(resources, sources);
  makeOriginal(disk.path);
  mkdirSync(join(disk.path, 'var'));
  // The state has room of its own.
  mkdirSync(join(elsewhere.path, 'lib'));
  symlinkSync(join(elsewhere.path, 'lib'), join(disk.path, 'var/lib'));
  // Enough for everything but the last file, beside what is replaced.
  fillBut(disk.path, 620);
  const before = managed(disk.path);

  const { exit, stdout, stderr } = runIn(disk.path, repository);

  expect(exit, stdout + stderr).toBe(6);
  expect(stdout).toMatch(/file\[\/etc\/last\] failed: \/etc\/last: ENOSPC/);
  expect(managed(disk.path)).toBe(before);
  rmSync(join(disk.path, 'ballast'));
  expect(runIn(disk.path, repository).exit).toBe(0);
  expect(runIn(disk.path, repository).stdout).toContain('nothing to do');
});

it('a full disk under state and targets at once: told, nothing half-done, and put right once there is room', ({ skip }) => {
  for (const left of [0, 4, 20, 60, 120, 200, 300, 500, 700, 900, 1000]) {
    using disk = mountSmall('size=4m', skip);
    using repository = makeRepository(resources, sources);
    makeOriginal(disk.path);
    const before = managed(disk.path);
    fillBut(disk.path, left);

    const { exit, stdout, stderr } = runIn(disk.path, repository);

    const said = `${left} KiB left: exit ${exit}: ${stdout.split('\n').slice(-2).join('')}${stderr}`;
    expect([1, 6, 8], said).toContain(exit);
    expect(stdout + stderr, said).toMatch(/ENOSPC|full|cannot be/);
    expect(managed(disk.path), said).toBe(before);
    rmSync(join(disk.path, 'ballast'));
    const next = runIn(disk.path, repository);
    expect(next.exit, `${said}\n${next.stdout}${next.stderr}`).toBe(0);
    expect(runIn(disk.path, repository).stdout, said).toContain('nothing to do');
  }
});

it('a disk without inodes: told, and the exact previous tree', ({ skip }) => {
  for (const left of [0, 1, 2, 3, 4, 5, 6]) {
    using disk = mountSmall('size=8m,nr_inodes=60', skip);
    using repository = makeRepository(resources, sources);
    makeOriginal(disk.path);
    mkdirSync(join(disk.path, 'ballast'));
    const before = managed(disk.path);
    for (let index = statfsSync(disk.path).ffree - left; index > 0; index--)
      writeFileSync(join(disk.path, `ballast/${index}`), '');

    const { exit, stdout, stderr } = runIn(disk.path, repository);

    const said = `${left} inodes left: exit ${exit}: ${stdout.split('\n').slice(-2).join('')}${stderr}`;
    expect([1, 6, 8], said).toContain(exit);
    expect(managed(disk.path), said).toBe(before);
    for (const name of readdirSync(join(disk.path, 'ballast'))) rmSync(join(disk.path, 'ballast', name));
    const next = runIn(disk.path, repository);
    expect(next.exit, `${said}\n${next.stdout}${next.stderr}`).toBe(0);
  }
});
