import { readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { recordStatIndex } from '../../src/host/stat-index.ts';
import { readStamp, writeStamp, type Stamp } from '../../src/state/converged-stamp.ts';
import { makeRepository, type Repository } from '../support/repository.ts';

const resources = `
- { kind: file, path: /etc/motd, content: "moin\\n" }
- { kind: config, path: /etc/app.json, format: json, set: { port: 8080 } }
- { kind: link, path: /etc/localtime, target: /usr/share/zoneinfo/UTC }
- { kind: tree, path: /srv/overlay, source: overlay, purge: all }
`;
const files = { 'desired-state/files/overlay/a': 'a\n', 'desired-state/files/overlay/b/c': 'c\n' };

/** Milliseconds until the metadata of a file are old enough to be trusted. */
const youngest = 25;

/** What metadata is made to hide, as a lying disk or a clock that was set back would. */
const edits: readonly { readonly what: string; readonly edit: (repository: Repository) => void }[] = [
  { what: 'bytes of a file', edit: ({ root }) => writeFileSync(join(root, 'etc/motd'), 'main\n') },
  { what: 'bytes of a tree', edit: ({ root }) => writeFileSync(join(root, 'srv/overlay/b/c'), 'C\n') },
  { what: 'a managed key', edit: ({ root }) => swap(join(root, 'etc/app.json'), '8080', '8081') },
  { what: 'the target of a link', edit: ({ root }) => relink(join(root, 'etc/localtime'), '/usr/share/zoneinfo/CET') },
  { what: 'a name in a purged directory', edit: ({ root }) => writeFileSync(join(root, 'srv/overlay/b/foreign'), '') },
];

describe('with --paranoid', () => {
  it.each(edits)('$what that changed without a trace in the metadata is found', async ({ edit }) => {
    using repository = makeRepository(resources, files);
    repository.run();
    repository.run(['--paranoid']);

    edit(repository);
    await sleep(youngest);
    makeTrusted(repository.root);

    expect(repository.run(['--check']).exit).toBe(0);
    expect(repository.run(['--check', '--paranoid']).exit).toBe(3);
    expect(repository.report(['--paranoid']).counts).toMatchObject({ update: 1 });
    expect(repository.run(['--check', '--paranoid']).exit).toBe(0);
  });

  it('where nothing differs the report says the same as one that trusts metadata', () => {
    using repository = makeRepository(resources, files);
    repository.run();
    repository.run();

    const [trusting, paranoid] = [repository.report(), repository.report(['--paranoid'])];

    const ofOneRun = { run: '', startedAt: '', duration: 0 };
    expect({ ...paranoid, ...ofOneRun }).toEqual({ ...trusting, ...ofOneRun });
  });

  it('a file whose content nobody noted is looked at in full, once', () => {
    using repository = makeRepository(resources, files);
    repository.run();
    makeTrusted(repository.root, { forgets: true });

    expect(repository.report(['--paranoid']).planDigest).not.toBeNull();
    expect(repository.report(['--paranoid']).planDigest).toBeNull();
  });
});

/** Makes the last run's look at the host one of now, with the contents that it saw then, or with none. */
function makeTrusted(root: string, { forgets = false } = {}): void {
  const state = join(root, 'var/lib/timmy-reconciler');
  const locate = (path: string): string => root + path;
  const stamp = readStamp(state, locate) as Stamp;
  const now = recordStatIndex(stamp.index.paths, locate, () => undefined).encode();
  const encoded = forgets ? now : stamp.index.encode();
  const signatures = 8;
  now.copy(encoded, signatures, signatures, signatures + stamp.index.signatures.byteLength);
  writeStamp(state, { ...stamp, index: { ...stamp.index, encode: () => encoded } });
}

function swap(file: string, from: string, to: string): void {
  writeFileSync(file, readFileSync(file, 'utf8').replace(from, to));
}

function relink(path: string, target: string): void {
  rmSync(path);
  symlinkSync(target, path);
}
