import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { rollBack } from '../../src/apply/rollback.ts';
import { openLocalHost } from '../../src/host/local-host.ts';
import { PassingError } from '../../src/model/passing-error.ts';
import { resourceType } from '../../src/resources/registry.ts';
import type { AnyResourceType } from '../../src/resources/resource-type.ts';
import type { State } from '../../src/state/state.ts';
import { makeRepository } from '../support/repository.ts';
import { runCli } from '../support/run-cli.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

it('what cannot be put back keeps nothing else from it, is told, and is put back by the next run that can', ({ skip }) => {
  using repository = makeRepository(
    ['a', 'b', 'c'].map((name) => `- { kind: file, path: /etc/${name}/file, content: "new ${name}\\n" }`).join('\n'),
  );
  const { root } = repository;
  const at = (name: string): string => join(root, 'etc', name);
  const text = (name: string): string => readFileSync(join(at(name), 'file'), 'utf8');
  for (const name of ['a', 'b', 'c']) {
    mkdirSync(at(name), { recursive: true });
    writeFileSync(join(at(name), 'file'), `old ${name}\n`);
  }
  expect(repository.run().exit).toBe(0);
  if (spawnSync('chattr', ['+i', at('b')]).status !== 0) skip('directories cannot be made immutable here (needs root and ext4)');
  try {
    const { exit, stdout } = runCli(['rollback', '--root', root]);

    expect(exit, stdout).toBe(8);
    expect(stdout).toMatch(/file\[\/etc\/b\/file\]: \/etc\/b\/file: EPERM.*lsattr/);
    expect(stdout.match(/restored to what it was/g)).toHaveLength(2);
    expect([text('a'), text('b'), text('c')]).toEqual(['old a\n', 'new b\n', 'old c\n']);
    expect(repository.run().exit, 'as long as it cannot').toBe(8);
  } finally {
    spawnSync('chattr', ['-i', at('b')]);
  }

  const next = repository.run();

  expect(text('b')).toBe('old b\n');
  expect(next.exit, next.stdout).toBe(7);
  expect(runCli(['release', '--root', root]).exit).toBe(0);
  expect(repository.run().exit).toBe(0);
  expect([text('a'), text('b'), text('c')]).toEqual(['new a\n', 'new b\n', 'new c\n']);
});

it('all that cannot be put back of one resource is told', async () => {
  using root = temporaryDirectory();
  mkdirSync(join(root.path, 'real'));
  writeFileSync(join(root.path, 'real/file'), '');
  for (const name of ['one', 'other']) symlinkSync('real', join(root.path, name));
  const paths = ['/one/file', '/other/file'].map((path) => ({ path, was: 'absent' }));
  const state = { journal: { undoOf: () => [{ address: 'tree[/]', entry: { paths } }] } } as unknown as State;
  const host = openLocalHost({ root: root.path });
  const { failures } = await rollBack('run', state, host, resourceType);
  host.close();

  expect(failures).toEqual([expect.stringMatching(/^tree\[\/\]: \/other\/file: .*; \/one\/file: /)]);
});

it.each([
  { what: 'a program', told: 0, isOpen: true },
  { what: 'a program', told: 1, isOpen: false },
  { what: 'a program when all stands', told: 1, resumes: true, isOpen: false },
  { what: 'a program that others hold', told: 6, passes: true, isOpen: true },
  { what: 'a program that others hold', told: 7, passes: true, isOpen: false },
  { what: 'a kind that keeps contents', told: 9, inside: true, isOpen: true },
  { what: 'a program, and a file,', told: 9, file: true, isOpen: true },
])('what $what does not put back, told $told times, leaves the journal open: $isOpen', async (row) => {
  using root = temporaryDirectory();
  mkdirSync(join(root.path, 'real'));
  writeFileSync(join(root.path, 'real/x'), '');
  symlinkSync('real', join(root.path, 'link'));
  const fail = (): never => {
    throw new (row.passes ? PassingError : Error)('does not');
  };
  const undo = row.resumes ? { restore: () => undefined, resume: fail } : { restore: fail };
  const type = { undo: { ...undo, ...(!row.inside && { outside: true }) } } as unknown as AnyResourceType;
  const entries = [
    { address: 'service[a]', entry: { kind: 'service', undo: {} } },
    ...(row.file ? [{ address: 'file[/link/x]', entry: { paths: [{ path: '/link/x', was: 'absent' }] } }] : []),
  ];
  const finished: string[] = [];
  const told = { unrestored: [{ run: 'run', faults: [], isOpen: true }] };
  const other = { unrestored: [{ run: 'other', faults: [], isOpen: true }] };
  const state = {
    journal: { undoOf: () => entries, finish: (run: string) => finished.push(run) },
    runs: { summaries: () => [other, ...Array.from({ length: row.told }, () => told)] },
    transaction: (act: () => void) => act(),
  } as unknown as State;
  const host = openLocalHost({ root: root.path });
  const { failures, failed, restored, isOpen } = await rollBack('run', state, host, () => type);
  host.close();

  expect({ isOpen, finished }).toEqual({ isOpen: row.isOpen, finished: row.isOpen ? [] : ['run'] });
  expect(failures).toContain('service[a]: does not');
  expect([failed, restored]).toEqual([expect.arrayContaining(entries.map(({ address }) => address)), []]);
});
