import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Report } from '../../src/model/report.ts';
import { asNobody } from '../support/as-nobody.ts';
import { makeLiveRepository, type LiveRepository } from '../support/live-repository.ts';
import { program } from '../support/run-cli.ts';
import { snapshot } from '../support/snapshot.ts';

const nobody = 65_534;
const isRoot = process.getuid?.() === 0;
const canBeNobody = isRoot && spawnSync('setpriv', [...asNobody, process.execPath, program, '--version']).status === 0;
if (!isRoot) console.log('skipped: setting owners and becoming another user need root');
else if (!canBeNobody) console.log('skipped: becoming another user needs setpriv, and a checkout that everybody can read');

describe.skipIf(!isRoot)('as root', () => {
  const file = (attributes: string): string => `- { kind: file, path: "{{ base }}/a/f", content: x, ${attributes} }`;

  it('owners by name and by number are set, and repaired', () => {
    using live = makeLiveRepository(`
- { kind: directory, path: "{{ base }}/a", owner: nobody, group: nogroup, mode: "0750" }
${file('owner: 1234, group: "5678", mode: "4755"')}
- { kind: config, path: "{{ base }}/a/c.ini", set: { x: { y: z } }, owner: nobody, group: nogroup }
- { kind: sqlite, path: "{{ base }}/a/d.db", schema: "CREATE TABLE t (x)", owner: nobody, group: nogroup }
`);
    writeFileSync(live.env['RECONCILE_HOST_POLICY']!, 'paths: { special_modes: [/**] }\n');
    // Nobody has to get there to be the one with whose rights the database is opened.
    chmodSync(dirname(live.path), 0o755);
    const owners = (): string[] =>
      ['a', 'a/f', 'a/c.ini', 'a/d.db'].map((name) => {
        const { uid, gid, mode } = statSync(join(live.base, name));
        return `${name} ${uid}:${gid} ${(mode & 0o7777).toString(8)}`;
      });
    const wanted = ['a 65534:65534 750', 'a/f 1234:5678 4755', 'a/c.ini 65534:65534 644', 'a/d.db 65534:65534 640'];

    expect(live.report().exit).toBe(0);
    expect(owners()).toEqual(wanted);

    for (const name of ['a', 'a/f', 'a/c.ini', 'a/d.db']) chownSync(join(live.base, name), 0, 0);
    expect(live.report()).toMatchObject({ exit: 0, counts: { update: 4 } });
    expect(owners()).toEqual(wanted);
    expect(live.run().stdout).toContain('nothing to do');
  });

  it('a file keeps the owner that nobody asked to change', () => {
    using live = makeLiveRepository(file(''));
    live.put('a/f', 'old');
    chownSync(join(live.base, 'a/f'), 1234, 5678);

    expect(live.report().exit).toBe(0);
    expect(statSync(join(live.base, 'a/f'))).toMatchObject({ uid: 1234, gid: 5678 });
  });

  it('rollback gives owners back', () => {
    using live = makeLiveRepository(`
- { kind: directory, path: "{{ base }}/a", owner: nobody, mode: "0700" }
${file('owner: nobody')}
- { kind: file, path: "{{ base }}/z", content: x, after: 'file[{{ base }}/a/f]', validate: ["false", "%s"] }
`);
    live.put('a/f', 'old');
    chownSync(join(live.base, 'a/f'), 1234, 5678);
    chownSync(join(live.base, 'a'), 1234, 5678);
    const before = snapshot(live.base);

    expect(live.report().exit).toBe(6);
    expect(snapshot(live.base)).toBe(before);
  });

  it.each(['owner', 'group'])('an %s that the host does not have is refused before the first write', (attribute) => {
    using live = makeLiveRepository(
      `- { kind: file, path: "{{ base }}/first", content: x }\n${file(`${attribute}: no-such-name`)}`,
    );

    const report = live.report();

    expect(report).toMatchObject({ exit: 65, outcome: 'invalid', writes: 0, problems: [{ code: 'unknown-user' }] });
    expect(report.problems[0]?.at?.line).toBe(5);
    expect(report.problems[0]?.message).toContain('"no-such-name"');
    expect(readdirSync(live.base)).toEqual([]);
  });
});

describe.skipIf(!canBeNobody)('without root', () => {
  /** Everything belongs to nobody, as if that user had made it. */
  const give = ({ path }: LiveRepository): void => {
    spawnSync('chown', ['-R', `${nobody}:${nobody}`, dirname(path)]);
    chmodSync(dirname(path), 0o755);
  };
  const run = ({ path, env }: LiveRepository, args: readonly string[] = [], more: NodeJS.ProcessEnv = {}) => {
    const words = [...asNobody, process.execPath, program, ...args, '--source', path, '--host', 'box', '-o', 'json'];
    const { status, stdout, stderr } = spawnSync('setpriv', words, {
      cwd: '/',
      env: { PATH: process.env['PATH'], ...env, ...more },
      encoding: 'utf8',
      timeout: 60_000,
    });
    return { exit: status, stderr, report: stdout === '' ? undefined : (JSON.parse(stdout) as Report) };
  };

  it('owners are left as they are and not compared, the rest converges', () => {
    using live = makeLiveRepository(`
- { kind: directory, path: "{{ base }}/d", owner: root, group: no-such-group }
- { kind: file, path: "{{ base }}/d/f", content: x, owner: root, mode: "0600" }
`);
    give(live);

    expect(run(live)).toMatchObject({ exit: 0 });
    expect(statSync(join(live.base, 'd/f'))).toMatchObject({ uid: nobody, gid: nobody });
    expect(run(live)).toMatchObject({ exit: 0, report: { summary: expect.stringContaining('nothing to do') as string } });
  });

  it('state goes to $XDG_STATE_HOME, else below HOME, for the user alone', () => {
    using live = makeLiveRepository('- { kind: file, path: "{{ base }}/f", content: x }');
    give(live);
    const home = live.env['HOME']!;
    const unset = { RECONCILE_STATE_DIR: '' };

    expect(run(live, [], unset).exit).toBe(0);
    expect(run(live, [], { ...unset, XDG_STATE_HOME: join(home, 'xdg') }).exit).toBe(0);

    for (const state of ['.local/state', 'xdg']) {
      expect(statSync(join(home, state, 'timmy-reconciler')).mode & 0o777).toBe(0o700);
      expect(statSync(join(home, state, 'timmy-reconciler/state.db')).mode & 0o777).toBe(0o600);
    }
  });

  it.each([
    ['a file in a directory of root', '- { kind: file, path: "{{ base }}/theirs/f", content: x }'],
    ['a file below one', '- { kind: file, path: "{{ base }}/theirs/deep/er/f", content: x }'],
    ['a directory', '- { kind: directory, path: "{{ base }}/theirs/d" }'],
    ['a link', '- { kind: link, path: "{{ base }}/theirs/l", target: x }'],
    ['a key in a file of root', '- { kind: config, path: "{{ base }}/theirs/c.yaml", set: { a: 2 } }'],
    ['the mode of a file of root', '- { kind: file, path: "{{ base }}/theirs/m", content: "", mode: "0600" }'],
    ['a database', '- { kind: sqlite, path: "{{ base }}/theirs/d.db", schema: "CREATE TABLE t (x)" }'],
    ['a tree', '- { kind: tree, path: "{{ base }}/theirs", source: overlay }'],
  ])('%s is refused before the first write, and the revision is not quarantined', (_, resource) => {
    using live = makeLiveRepository(`- { kind: file, path: "{{ base }}/mine", content: x }\n${resource}`, {
      'desired-state/files/overlay/x/y': 'z',
    });
    live.put('theirs/c.yaml', 'a: 1\n');
    live.put('theirs/m', '');
    give(live);
    for (const name of ['theirs', 'theirs/c.yaml', 'theirs/m']) chownSync(join(live.base, name), 0, 0);
    const before = snapshot(live.base);

    const { exit, report } = run(live);

    expect(exit).toBe(7);
    expect(report).toMatchObject({ writes: 0, problems: [{ code: 'not-writable' }] });
    expect(report?.problems[0]?.message).toMatch(/theirs.* belongs to root|theirs.* cannot be written/);
    expect(snapshot(live.base)).toBe(before);
    spawnSync('chown', ['-R', `${nobody}:${nobody}`, live.base]);
    expect(run(live).exit).toBe(0);
  });

  it('a file that cannot be read stops the run before the first write', () => {
    using live = makeLiveRepository(`
- { kind: file, path: "{{ base }}/mine", content: x }
- { kind: file, path: "{{ base }}/secret", content: y }
`);
    live.put('secret', 'x');
    give(live);
    chownSync(join(live.base, 'secret'), 0, 0);
    chmodSync(join(live.base, 'secret'), 0o600);

    const { exit, report } = run(live);

    expect(exit).toBe(7);
    expect(report?.problems[0]?.message).toMatch(/cannot be inspected.*(permission denied|EACCES)/);
    expect(readdirSync(live.base)).toEqual(['secret']);
  });

  it('what needs root is held, with the reason, and the rest converges', () => {
    using live = makeLiveRepository(
      `
- { kind: file, path: "{{ base }}/f", content: x }
- { kind: command, argv: ["true"], creates: "{{ base }}/x", user: root }
- { kind: cron, name: n, schedule: "@daily", command: x, user: root }
- { kind: cron, name: d, schedule: "@daily", command: x, in: cron.d }
`,
    );
    writeFileSync(live.env['RECONCILE_HOST_POLICY']!, 'paths: { allow: ["/**"] }\n');
    give(live);

    const { exit, report } = run(live);

    expect(exit).toBe(0);
    const held = report?.steps.filter(({ outcome }) => outcome === 'held').map(({ address, reason }) => `${address} ${reason}`);
    expect(held?.sort()).toEqual([
      'command[true] needs root to run as root',
      'cron[cron.d/d] needs root to write in /etc/cron.d',
      expect.stringMatching(/^cron\[root\/n\] needs (root to change the crontab of root|the crontab program)/),
    ]);
    expect(existsSync(join(live.base, 'f'))).toBe(true);
    expect(run(live).report?.summary).toContain('(3 held)');
  });

  it.each([
    ['a state directory that cannot be made', { RECONCILE_STATE_DIR: '/proc/state' }, /\/proc\/state/],
    ['a state directory of another user', { RECONCILE_STATE_DIR: '/etc' }, /\/etc belongs to user 0/],
    ['no HOME and no state directory', { HOME: '', RECONCILE_STATE_DIR: '' }, /mkdir '\/nonexistent'/],
  ])('%s is told in one line, and nothing is written', (_, env, message) => {
    using live = makeLiveRepository('- { kind: file, path: "{{ base }}/f", content: x }');
    give(live);

    const { exit, stderr } = run(live, [], env);

    expect(exit).toBe(1);
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/\n\s+at /);
    expect(readdirSync(live.base)).toEqual([]);
  });

  it('a host policy that others can write allows nothing', () => {
    using live = makeLiveRepository('- { kind: file, path: "{{ base }}/f", content: x }');
    give(live);
    chmodSync(live.env['RECONCILE_HOST_POLICY']!, 0o666);

    const { exit, report } = run(live);

    expect(exit).toBe(7);
    expect(report?.problems[0]).toMatchObject({ code: 'unsafe-target', hint: expect.stringContaining('chmod go-w') as string });
    expect(readdirSync(live.base)).toEqual([]);
  });
});

it('two runs at once: the second does nothing and exits 5', () => {
  using live = makeLiveRepository(`
- kind: command
  argv: [sh, -c, '{{ again }}; echo $? > {{ base }}/code; true']
  unless: [test, -e, "{{ base }}/code"]
`);
  mkdirSync(join(live.path, 'inventory/host_vars'));
  const again = `${process.execPath} ${program} --source ${live.path} --host box`;
  const env = Object.entries(live.env).map(([name, value]) => `${name}=${value}`);
  live.write('inventory/host_vars/box.yml', `again: ${[...env, again].join(' ')}\n`);

  expect(live.report().exit).toBe(0);
  expect(readFileSync(join(live.base, 'code'), 'utf8')).toBe('5\n');
});
