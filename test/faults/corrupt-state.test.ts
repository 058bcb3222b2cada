import { chmodSync, chownSync, cpSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, it } from 'vitest';
import { makeRepository, site } from '../support/repository.ts';
import { runCli, type CliResult } from '../support/run-cli.ts';
import { snapshot } from '../support/snapshot.ts';
import { chance, hasStrace, isLong, openFaultRig, seed } from './fault-rig.ts';

const timeout = 600_000;
const state = 'var/lib/timmy-reconciler';
const file = (name: string): string => `- { kind: file, path: /etc/${name}, content: "${name}\\n" }`;

/** A host with a ledger that matters: one file has drifted, and git has dropped another, which only the ledger knows. */
function openHost() {
  const repository = makeRepository([file('kept'), file('drifts'), file('goes')].join('\n'));
  const { root } = repository;
  const managed = (): string => snapshot(root, { ignore: (path) => path === '/var' });
  expect(repository.run().exit).toBe(0);
  repository.write('desired-state/site.yaml', site([file('kept'), file('drifts')].join('\n')));
  writeFileSync(join(root, 'etc/foreign'), 'foreign\n');
  writeFileSync(join(root, 'etc/drifts'), 'edited\n');
  const before = managed();
  cpSync(root, `${root}.kept`, { recursive: true });
  const restore = (): void => {
    rmSync(root, { recursive: true });
    cpSync(`${root}.kept`, root, { recursive: true });
    chmodSync(join(root, state), 0o700);
  };
  const result = repository.run();
  expect(result.exit, result.stdout).toBe(0);
  const goal = managed();
  restore();
  return {
    repository,
    root,
    before,
    goal,
    managed,
    restore,
    at: (name: string): string => join(root, state, name),
    [Symbol.dispose]() {
      rmSync(`${root}.kept`, { recursive: true });
      repository[Symbol.dispose]();
    },
  };
}

/**
 * Either everything that only an intact ledger makes possible was done, or nothing at all, and the message says what to do. What is
 * damaged where nothing is read before the end of a run takes back what that has done.
 */
function expectRightOrClosed(
  host: ReturnType<typeof openHost>,
  { exit, stdout, stderr }: CliResult,
  what: string,
): 'right' | 'closed' {
  const said = `${what}, seed ${seed}: exit ${exit}: ${stdout}${stderr}`;
  if (exit === 0) {
    expect(host.managed(), said).toBe(host.goal);
    return 'right';
  }
  expect([1, 6], said).toContain(exit);
  expect(host.managed(), said).toBe(host.before);
  if (exit === 6) {
    expect(stdout, said).toMatch(/state\.db cannot be used: .*; restore it from a backup.*Everything was put back as it was/);
    return 'closed';
  }
  expect(stderr, said).toContain(state);
  expect(stderr, said).toMatch(/hint: (?!RECONCILE_DEBUG)/);
  return 'closed';
}

/** Where the first page of a table begins in the file. */
function pageOf(path: string, table: string): number {
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    const { rootpage } = database.prepare('SELECT rootpage FROM sqlite_schema WHERE name = ?').get(table) as { rootpage: number };
    const { page_size: size } = database.prepare('PRAGMA page_size').get() as { page_size: number };
    return (rootpage - 1) * size;
  } finally {
    database.close();
  }
}

it('a state database that was cut short stops the run, and is never a first run', { timeout }, () => {
  using host = openHost();
  const whole = readFileSync(host.at('state.db'));
  const random = chance('truncate');
  const lengths = [0, 1, 16, 99, 100, 512, 4095, 4096, 8192, whole.length - 4096, whole.length - 1];
  const more = Array.from({ length: isLong ? 200 : 3 }, () => Math.floor(random() * whole.length));

  for (const length of [...lengths, ...more]) {
    host.restore();
    writeFileSync(host.at('state.db'), whole.subarray(0, length));

    const result = host.repository.run();

    expect(expectRightOrClosed(host, result, `${length} of ${whole.length} bytes`)).toBe('closed');
    expect(readFileSync(host.at('state.db')).equals(whole.subarray(0, length)), 'it is left as it was').toBe(true);
    const check = host.repository.run(['--check']);
    expect(check.exit, check.stdout).toBe(1);
  }
});

it('flipped bits in the state database stop the run or do no harm', { timeout }, () => {
  using host = openHost();
  const whole = readFileSync(host.at('state.db'));
  const random = chance('flip');
  const outcomes = { right: 0, closed: 0 };

  for (let round = 0; round < (isLong ? 1000 : 5); round++) {
    host.restore();
    const flipped = Buffer.from(whole);
    const place = Math.floor(random() * whole.length);
    flipped[place]! ^= 1 << Math.floor(random() * 8);
    writeFileSync(host.at('state.db'), flipped);

    outcomes[expectRightOrClosed(host, host.repository.run(), `bit flipped in byte ${place}`)]++;
  }
  // The first page of reports, which are only written once a run has ended.
  host.restore();
  whole[pageOf(host.at('state.db'), 'runs')]! ^= 8;
  writeFileSync(host.at('state.db'), whole);
  const late = host.repository.run();
  expect(late.exit).toBe(6);
  expectRightOrClosed(host, late, 'the page of reports');
  console.log(`seed ${seed}: flipped bits: ${outcomes.closed} stopped the run, ${outcomes.right} did no harm`);
});

it('garbage, another database and a newer format stop the run with what to do', () => {
  using host = openHost();
  const cases: readonly [string, () => void, RegExp][] = [
    ['text', () => writeFileSync(host.at('state.db'), 'this is no database'.repeat(100)), /restore it from a backup/],
    ['zeros', () => writeFileSync(host.at('state.db'), Buffer.alloc(40_960)), /restore it from a backup/],
    ['other tables', () => (rmSync(host.at('state.db')), change(host.at('state.db'), 'CREATE TABLE t (a)')), /restore it/],
    ['newer', () => change(host.at('state.db'), "UPDATE meta SET value = '2'"), /update this program/],
    ['lock', () => writeFileSync(host.at('lock.db'), 'no lock'.repeat(100)), /remove .*lock\.db/],
  ];

  for (const [what, corrupt, hint] of cases) {
    host.restore();
    corrupt();

    const result = host.repository.run();

    expect(expectRightOrClosed(host, result, what), what).toBe('closed');
    expect(result.stderr, what).toMatch(hint);
  }
});

it('a state directory that others own or may write to stops the run; one that they may read is closed to them', ({ skip }) => {
  using host = openHost();
  chmodSync(host.at(''), 0o777);
  expect(expectRightOrClosed(host, host.repository.run(), 'mode 0777')).toBe('closed');

  host.restore();
  chmodSync(host.at(''), 0o755);
  expect(expectRightOrClosed(host, host.repository.run(), 'mode 0755')).toBe('right');
  expect(statSync(host.at('')).mode & 0o777).toBe(0o700);

  if (process.getuid?.() !== 0) skip('only root can give a directory away');
  host.restore();
  chownSync(host.at(''), 12345, 12345);
  expect(expectRightOrClosed(host, host.repository.run(), 'owner 12345')).toBe('closed');
});

it('without the key of its undo data a run goes on, and a rollback refuses before it writes', () => {
  using host = openHost();
  for (const [what, spoil] of [
    ['missing', () => rmSync(host.at('undo.key'))],
    ['another', () => writeFileSync(host.at('undo.key'), Buffer.alloc(32, 7))],
    ['cut short', () => writeFileSync(host.at('undo.key'), Buffer.alloc(5))],
  ] as const) {
    host.restore();
    expect(host.repository.run().exit).toBe(0);
    spoil();

    const { exit, stdout, stderr } = runCli(['rollback', '--root', host.root]);

    expect(exit, `${what}: ${stdout}${stderr}`).toBe(1);
    expect(stderr).toContain('undo.key');
    expect(host.managed(), what).toBe(host.goal);
    writeFileSync(join(host.root, 'etc/drifts'), 'edited again\n');
    const next = host.repository.run();
    if (what !== 'cut short') expect(host.managed(), next.stdout + next.stderr).toBe(host.goal);
    else expect(next.stdout + next.stderr).toContain('undo.key is damaged: it has 5 bytes');
  }
});

it('a damaged cache is not believed', { timeout }, () => {
  using host = openHost();
  host.repository.write('desired-state/site.yaml', site([file('kept'), file('drifts'), file('goes')].join('\n')));
  expect(host.repository.run().exit).toBe(0);
  writeFileSync(join(host.root, 'etc/drifts'), 'edited\n');
  rmSync(`${host.root}.kept`, { recursive: true });
  cpSync(host.root, `${host.root}.kept`, { recursive: true, preserveTimestamps: true });
  const random = chance('cache');

  for (const name of ['converged', 'catalog']) {
    const whole = readFileSync(host.at(name));
    for (const [what, bytes] of damages(whole, random)) {
      host.restore();
      writeFileSync(host.at(name), bytes);

      const check = host.repository.run(['--check']);
      expect(check.exit, `${name}, ${what}, seed ${seed}: ${check.stdout}${check.stderr}`).toBe(3);
      expect(check.stdout).toMatch(/1 of 3 resources would change/);
      expect(host.repository.run().exit).toBe(0);
      expect(readFileSync(join(host.root, 'etc/drifts'), 'utf8'), `${name}, ${what}`).toBe('drifts\n');
    }
  }
});

it.skipIf(!hasStrace)(
  '--check beside a state that was killed in the middle of a write says so and writes nothing',
  { timeout },
  () => {
    using rig = openFaultRig();
    rig.restore();
    const commits = rig.mutatingCalls().filter(({ name, text }) => name === 'pwrite64' && /^\d+<[^>]*state\.db>/.test(text));
    const told: string[] = [];
    for (const call of [commits.at(-1)!, commits[Math.floor(commits.length / 2)]!]) {
      rig.restore();
      expect(rig.inject(call, 'signal=KILL').fired).toBe(true);
      const before = snapshot(rig.root);

      const { exit, stdout, stderr } = rig.run(['--check']);

      expect(snapshot(rig.root)).toBe(before);
      expect([1, 2, 3, 4], stdout + stderr).toContain(exit);
      if (exit === 1) told.push(stderr);
      rig.expectConverges(`after ${call.text}`);
    }
    expect(told.join('')).toMatch(
      /left in the middle of a write by a run that was killed.*\nhint: run `reconcile` without --check/,
    );
  },
);

function change(database: string, sql: string): void {
  using open = new DatabaseSync(database);
  open.exec(sql);
}

function* damages(whole: Buffer, random: () => number): Generator<readonly [string, Buffer]> {
  const rounds = isLong ? 60 : 2;
  for (const length of [0, 1, whole.length - 1]) yield [`${length} bytes`, whole.subarray(0, length)];
  yield ['twice', Buffer.concat([whole, whole])];
  for (let round = 0; round < rounds; round++) {
    const place = Math.floor(random() * whole.length);
    yield [`cut at ${place}`, whole.subarray(0, place)];
    const zeroed = Buffer.from(whole).fill(0, place, Math.min(place + 512, whole.length));
    yield [`zeros from ${place}`, zeroed];
    const flipped = Buffer.from(whole);
    flipped[place]! ^= 1 << Math.floor(random() * 8);
    yield [`bit flipped in byte ${place}`, flipped];
  }
  const text = whole.toString('latin1');
  const without = text.replace(/\{[^{}]*"address":"file\[\/etc\/drifts\]".*?"origin":\{.*?\}\}?,/, '');
  if (without !== text) yield ['a resource less', Buffer.from(without, 'latin1')];
  yield ['another size', Buffer.from(text.replace(/"size":\d/g, '"size":9'), 'latin1')];
}
