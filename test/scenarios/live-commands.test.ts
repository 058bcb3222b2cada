import { chmodSync, existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Report } from '../../src/model/report.ts';
import { makeLiveRepository, type LiveRepository } from '../support/live-repository.ts';
import { makeRepository } from '../support/repository.ts';
import { snapshot } from '../support/snapshot.ts';

const isRoot = process.getuid?.() === 0;
const read = ({ base }: LiveRepository, name: string): string => readFileSync(join(base, name), 'utf8');

describe('validate', () => {
  const script = (content: string, validate = '[sh, -n, "%s"]'): string => `
- kind: file
  path: "{{ base }}/bin/first"
  content: "first\\n"
- kind: file
  path: "{{ base }}/bin/script"
  content: "${content}\\n"
  mode: "0755"
  validate: ${validate}
`;

  it('runs a real program on the staged file, and takes what it accepts', () => {
    using live = makeLiveRepository(script('if true; then echo ok; fi'));

    expect(live.report()).toMatchObject({ exit: 0, writes: 2 });
    expect(statSync(join(live.base, 'bin/script')).mode & 0o777).toBe(0o755);
    expect(live.run().stdout).toContain('nothing to do');
  });

  it('that refuses leaves the old file and every other as they were, says why, and leaves nothing staged', () => {
    using live = makeLiveRepository(script('echo old'));
    live.run();
    const before = snapshot(live.base);
    const last = '- { kind: file, path: "{{ base }}/bin/third", content: x }\n';
    live.resources(script('if true; then').replace('first\\n', 'second\\n') + last);

    const report = live.report();

    expect(report.exit).toBe(6);
    expect(report.summary).toMatch(
      /file\[.*\/bin\/script\] failed: .*\/bin\/script: validation failed \(sh exited with 2\): .*[Ss]yntax error/,
    );
    expect(report.steps.find(({ outcome }) => outcome === 'failed')?.address).toContain('/bin/script');
    expect(snapshot(live.base)).toBe(before);
    expect(readdirSync(join(live.base, 'bin'))).toEqual(['first', 'script']);
  });

  it.each([
    ['[no-such-program, "%s"]', 'no-such-program: not installed on this host'],
    ['[sh, -c, "echo one; echo two >&2; exit 1", "%s"]', '(sh exited with 1): two'],
  ])('%s is told as %s', (argv, message) => {
    using live = makeLiveRepository(script('x', argv));

    const report = live.report();

    expect(report.exit).toBe(6);
    expect(report.summary).toContain(message);
    expect(existsSync(join(live.base, 'bin'))).toBe(false);
  });

  it('sees the content that will stand there, under a path in the same directory', () => {
    using live = makeLiveRepository(
      script('hello', '[sh, -c, "cp \\"$1\\" {{ base }}/seen; dirname \\"$1\\" >> {{ base }}/seen", sh, "%s"]'),
    );

    expect(live.run().exit).toBe(0);
    expect(read(live, 'seen')).toBe(`hello\n${live.base}/bin\n`);
  });

  it.each([
    ['other bytes', 'echo evil > \\"$1\\".evil && mv \\"$1\\".evil \\"$1\\"'],
    ['a fifo', 'rm \\"$1\\" && mkfifo \\"$1\\"'],
  ])('does not let what has been replaced meanwhile (by %s) get name, owner and mode', (_what, swap) => {
    using live = makeLiveRepository(script('echo old'));
    live.run();
    const before = snapshot(live.base);
    writeFileSync(live.env['RECONCILE_HOST_POLICY']!, 'paths: { special_modes: [/**] }\n');
    live.resources(script('echo new', `[sh, -c, "${swap}", sh, "%s"]`).replace('0755', '4755'));

    const report = live.report();

    expect(report).toMatchObject({ exit: 6, outcome: 'rolledBack' });
    expect(report.summary).toContain('/bin/script: somebody who may write in its directory has replaced');
    expect(snapshot(live.base)).toBe(before);
  });

  it('works for keys of a file too', () => {
    const config = (value: string): string =>
      `- { kind: config, path: "{{ base }}/c.yaml", set: { a: ${value} }, validate: [grep, -q, good, "%s"] }`;
    using live = makeLiveRepository(config('good'));
    expect(live.run().exit).toBe(0);
    live.resources(config('evil'));

    expect(live.report().exit).toBe(6);
    expect(read(live, 'c.yaml')).toBe('a: good\n');
  });

  it('is not run under --root, and the report says so', () => {
    using sandbox = makeRepository('- { kind: file, path: /a, content: x, validate: ["false", "%s"] }');

    const { stdout, exit } = sandbox.run();

    expect(exit).toBe(0);
    expect(stdout).toContain('validate is not run under --root');
  });
});

describe('a command', () => {
  const command = (attributes: string): string => `- { kind: command, name: it, ${attributes} }`;

  it('runs while its guard says so', () => {
    using live = makeLiveRepository(`
- { kind: command, name: a, argv: [touch, "{{ base }}/a"], creates: "{{ base }}/a" }
- { kind: command, name: b, argv: [touch, "{{ base }}/b"], unless: [test, -e, "{{ base }}/b"] }
- { kind: command, name: c, argv: [rm, "{{ base }}/c"], onlyif: [test, -e, "{{ base }}/c"] }
`);
    live.put('c', '');

    expect(live.report(['--check'])).toMatchObject({ exit: 2, writes: 0, counts: { create: 3 } });
    expect(readdirSync(live.base)).toEqual(['c']);
    expect(live.report()).toMatchObject({ exit: 0, counts: { create: 3 } });
    expect(readdirSync(live.base)).toEqual(['a', 'b']);
    expect(live.report()).toMatchObject({ exit: 0, counts: { create: 0, converged: 3 }, writes: 0 });
  });

  it('has its own directory and environment, and nothing of the caller', () => {
    using live = makeLiveRepository(
      command(
        'argv: [sh, -c, "pwd > seen; env | sort >> seen"], cwd: "{{ base }}/d", env: { GREETING: "a b" }, creates: "{{ base }}/d/seen"',
      ),
    );
    mkdirSync(join(live.base, 'd'));

    expect(live.run([], { SECRET_OF_CALLER: 'x', LD_PRELOAD: '' }).exit).toBe(0);

    const lines = read(live, 'd/seen').trimEnd().split('\n');
    expect(lines[0]).toBe(join(live.base, 'd'));
    expect(lines.map((line) => line.split('=')[0]).slice(1)).toEqual([
      'GREETING',
      'HOME',
      'LC_ALL',
      'LOGNAME',
      'PATH',
      'PWD',
      'USER',
    ]);
  });

  it('is never a shell line', () => {
    using live = makeLiveRepository(command('argv: [touch, "{{ base }}/$(id); echo *"], creates: "{{ base }}/$(id); echo *"'));

    expect(live.run().exit).toBe(0);
    expect(readdirSync(live.base)).toEqual(['$(id); echo *']);
  });

  it.each([
    [
      'argv: [sh, -c, "for i in 1 2 3 4 5 6 7; do echo line $i >&2; done; exit 9"]',
      /sh exited with 9: line 3\nline 4\nline 5\nline 6\nline 7\. Every/,
    ],
    ['argv: [sleep, "60"], timeout: 200ms', /sleep timed out\./],
    ['argv: [sh, -c, "kill -SEGV $$"]', /sh was ended by SIGSEGV\./],
    ['argv: [no-such-program]', /no-such-program: not installed on this host\./],
    ['argv: ["{{ base }}/plain"]', /plain: not executable/],
    ['argv: ["true"]', /true succeeded, but did not create .*\/made/],
    [
      'argv: [sh, -c, "touch {{ base }}/made; exit 1"]',
      /sh exited with 1; it left .*\/made, which would count as done: remove it/,
    ],
  ])('%s fails, and what the run had changed is put back', (attributes, message) => {
    using live = makeLiveRepository(`
- { kind: file, path: "{{ base }}/before", content: new }
${command(`${attributes}, creates: "{{ base }}/made"`)}
`);
    live.put('plain', 'x');
    live.put('before', 'old');

    const report = live.report();

    expect(report.exit).toBe(6);
    expect(report.summary).toMatch(message);
    expect(report.steps.at(-1)).toMatchObject({ address: 'command[it]', outcome: 'failed' });
    expect(read(live, 'before')).toBe('old');
  });

  it('whose guard cannot be run stops the run before the first write', () => {
    using live = makeLiveRepository(`
- { kind: file, path: "{{ base }}/a", content: new }
${command('argv: ["true"], unless: [no-such-program]')}
`);

    const report = live.report();

    expect(report.exit).toBe(7);
    expect(report.problems[0]?.message).toContain('no-such-program: not installed on this host');
    expect(readdirSync(live.base)).toEqual([]);
  });

  it.skipIf(!isRoot)('runs as another user', () => {
    using live = makeLiveRepository(
      command(
        'argv: [sh, -c, "id -un > /dev/stdout; id -un > {{ base }}/open/who"], user: nobody, creates: "{{ base }}/open/who"',
      ),
    );
    openTo(live, 'open');

    expect(live.report()).toMatchObject({ exit: 0 });
    expect(read(live, 'open/who')).toBe('nobody\n');
  });

  it.skipIf(!isRoot)('of a user that the host does not have is refused before the first write', () => {
    using live = makeLiveRepository(`
- { kind: file, path: "{{ base }}/a", content: new }
${command('argv: ["true"], user: no-such-user, creates: "{{ base }}/x"')}
`);

    expect(live.report()).toMatchObject({ exit: 65, problems: [{ code: 'unknown-user', address: 'command[it]' }] });
    expect(readdirSync(live.base)).toEqual([]);
  });
});

if (!isRoot) console.log('skipped: commands of other users need root');

/** A directory that everybody can write into, and come to. */
function openTo({ base }: LiveRepository, name: string): void {
  mkdirSync(join(base, name));
  for (const path of [join(base, '..'), base]) chmodSync(path, 0o711);
  chmodSync(join(base, name), 0o777);
}

describe('what a command did', () => {
  const commands = (more: string): string => `
- { kind: file, path: "{{ base }}/file", content: new }
- { kind: command, name: ok, argv: [touch, "{{ base }}/ok"], creates: "{{ base }}/ok" }
${more}`;

  it('is said to stay when the run fails after it, and what was not reached is told apart', () => {
    using live = makeLiveRepository(
      commands(`- { kind: command, name: bad, argv: [sh, -c, 'echo Is full. >&2; exit 1'], creates: "{{ base }}/bad" }
- { kind: command, name: last, argv: ["true"], creates: "{{ base }}/last" }
`),
    );

    expect(live.run().exit).toBe(6);
    const { stdout } = live.cli(['show', 'latest']);
    const { summary, steps } = JSON.parse(live.cli(['show', 'latest', '-o', 'json']).stdout) as Report;

    expect(readdirSync(live.base)).toEqual(['ok']);
    expect(stdout).toContain('    ran; cannot be undone\n');
    expect(summary).toBe(
      'command[bad] failed: sh exited with 1: Is full. Everything was put back as it was, but what command[ok], command[bad] did cannot be undone',
    );
    expect(steps.map(({ address, outcome, reason }) => [address, outcome, reason])).toEqual([
      [expect.stringContaining('file['), 'restored', undefined],
      ['command[ok]', 'changed', 'ran; cannot be undone'],
      ['command[bad]', 'failed', 'sh exited with 1: Is full.'],
      ['command[last]', 'not-reached', undefined],
    ]);
  });

  it('is said to stay when the run is taken back', () => {
    using live = makeLiveRepository(commands(''));
    expect(live.run().exit).toBe(0);

    const preview = live.cli(['rollback', '--check']);
    expect(preview.stdout).toMatch(/: 1 resource; what command\[ok\] did cannot be undone; nothing was written/);
    const { stdout } = live.cli(['rollback']);
    const { summary, counts, steps } = JSON.parse(live.cli(['show', 'latest', '-o', 'json']).stdout) as Report;

    expect(readdirSync(live.base)).toEqual(['ok']);
    expect(stdout).toContain('= command[ok]  not taken back; ran; cannot be undone\n');
    expect(summary).toMatch(/1 resource is as before.*; what command\[ok\] did cannot be undone$/);
    expect(counts).toMatchObject({ create: 0, update: 0, remove: 1 });
    expect(steps).toMatchObject([
      { outcome: 'restored' },
      { address: 'command[ok]', action: 'none', outcome: 'unchanged', reason: 'ran; cannot be undone' },
    ]);
  });
});

it('a signal that comes while a command is at work blames nobody', () => {
  using live = makeLiveRepository(
    '- { kind: command, name: slow, argv: [sh, -c, "kill -TERM $PPID; sleep 30"], creates: "{{ base }}/never" }',
  );

  const report = live.report();

  expect(report).toMatchObject({
    exit: 6,
    summary: 'Interrupted. Everything was put back as it was, but what command[slow] did cannot be undone',
  });
  expect(report.steps.filter(({ outcome }) => outcome === 'failed')).toEqual([]);
});
