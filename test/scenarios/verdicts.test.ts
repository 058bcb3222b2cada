import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { Cause } from '../../src/model/plan.ts';
import type { Report } from '../../src/model/report.ts';
import { makeRepository, site } from '../support/repository.ts';
import { snapshot } from '../support/snapshot.ts';

type Value = 'one' | 'two' | 'edited';
const modes = { one: '0750', two: '0700', edited: '0775' };
const schemas = { one: 'CREATE TABLE a (x);', two: 'CREATE TABLE a (x, y);', edited: 'CREATE TABLE b (x);' };

/** One resource of each kind that is about files, by its address. */
const kinds: Readonly<Record<string, (value: Value) => string>> = {
  'file[/srv/file]': (value) => `path: /srv/file, content: ${value}`,
  'link[/srv/link]': (value) => `path: /srv/link, target: ${value}`,
  'directory[/srv/directory]': (value) => `path: /srv/directory, mode: "${modes[value]}"`,
  'tree[/srv/tree]': (value) => `path: /srv/tree, source: ${value}`,
  'config[/srv/config.yaml]': (value) => `path: /srv/config.yaml, set: { a.b: ${value} }`,
  'cron[root/it]': (value) => `name: it, user: root, schedule: "@daily", command: ${value}`,
  'cron[cron.d/it]': (value) => `name: it, in: cron.d, schedule: "@daily", command: ${value}`,
  'sqlite[/srv/it.db]': (value) => `path: /srv/it.db, schema: "${schemas[value]}"`,
};
const overlays = {
  ...Object.fromEntries(['one', 'two', 'edited'].map((value) => [`desired-state/files/${value}/f`, value])),
  'desired-state/policy.yaml': 'destroy: { max_delete: 100, max_delete_percent: 100 }\n',
};
const other = '- { kind: file, path: /srv/other, content: x }\n';
const resources = (value: Value | undefined): string =>
  other +
  Object.entries(value ? kinds : {})
    .map(([address, attributes]) => `- { kind: ${address.split('[')[0]}, ${attributes(value!)} }\n`)
    .join('');

interface Verdict {
  readonly applied?: Value;
  readonly actual?: Value;
  readonly desired?: Value;
  readonly is: Cause;
  /** The exit code of `--check`. */
  readonly exit: number;
}

/** What was last applied, what stands on the host, what git says now; and what follows. "How it decides" in README.md. */
const verdicts: readonly Verdict[] = [
  { applied: 'one', actual: 'one', desired: 'one', is: 'converged', exit: 0 },
  { applied: 'one', actual: 'one', desired: 'two', is: 'upstream', exit: 2 },
  { desired: 'one', is: 'upstream', exit: 2 },
  { applied: 'one', actual: 'edited', desired: 'one', is: 'drift', exit: 3 },
  { applied: 'one', desired: 'one', is: 'drift', exit: 3 },
  { applied: 'one', actual: 'edited', desired: 'two', is: 'conflict', exit: 4 },
  { applied: 'one', actual: 'two', desired: 'two', is: 'adopted', exit: 0 },
  { actual: 'one', desired: 'one', is: 'adopted', exit: 0 },
  { actual: 'edited', desired: 'one', is: 'unmanaged', exit: 2 },
  { applied: 'one', actual: 'one', is: 'orphan', exit: 2 },
];

it.each(verdicts)(
  'applied $applied, on the host $actual, in git $desired: $is for every kind, and --check exits $exit',
  ({ applied, actual, desired, is, exit }) => {
    using repository = makeRepository(resources(applied), overlays);
    expect(repository.run().exit).toBe(0);
    if (actual !== applied) letStand(repository.root, resources(actual));
    repository.write('desired-state/site.yaml', site(resources(desired)));
    const before = snapshot(repository.root);
    const all = Object.fromEntries(Object.keys(kinds).map((address) => [address, is]));

    const checked = repository.report(['--check']);

    expect(causes(checked)).toEqual(all);
    expect(checked).toMatchObject({ exit, writes: 0 });
    expect(snapshot(repository.root)).toBe(before);

    const report = repository.report();
    expect(causes(report)).toEqual(all);
    expect(report).toMatchObject({ exit: 0, outcome: 'converged' });
    const isQuiet = is === 'converged' || is === 'adopted';
    if (isQuiet) expect(report.writes).toBe(0);
    // A database that left git keeps its rows.
    else expect(report.steps.filter(({ outcome }) => outcome === 'changed')).toHaveLength(is === 'orphan' ? 7 : 8);
    expect(repository.report(['--check'])).toMatchObject({ outcome: 'converged', steps: [] });
    if (is === 'orphan') expectLeftovers(repository.root);
  },
);

/** The cause of each kind's resource. */
function causes({ steps }: Report): Readonly<Record<string, Cause>> {
  const told = new Map(steps.map(({ address, cause }) => [address, cause]));
  return Object.fromEntries(Object.keys(kinds).map((address) => [address, told.get(address) ?? 'converged']));
}

/** What others write too, or what cannot be made again, is never removed as a whole. */
function expectLeftovers(root: string): void {
  expect(readdirSync(join(root, 'srv'))).toEqual(['config.yaml', 'it.db', 'other']);
  expect(readFileSync(join(root, 'srv/config.yaml'), 'utf8')).not.toContain('one');
  expect(existsSync(join(root, 'etc/cron.d/it'))).toBe(false);
  expect(existsSync(join(root, 'var/spool/cron/crontabs/root'))).toBe(false);
}

/** Makes the host stand as these resources would leave it, without the program knowing. */
function letStand(root: string, wanted: string): void {
  using elsewhere = makeRepository(wanted, overlays);
  expect(elsewhere.run().exit).toBe(0);
  for (const name of ['srv', 'var/spool', 'etc']) {
    rmSync(join(root, name), { recursive: true, force: true });
    // Not cpSync: that forgets the modes of directories.
    if (existsSync(join(elsewhere.root, name))) execFileSync('cp', ['-a', join(elsewhere.root, name), join(root, name)]);
  }
}
