import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { makeRepository, site } from '../support/repository.ts';
import { snapshot } from '../support/snapshot.ts';

const two = `
- kind: file
  path: /etc/motd
  content: "hello {{ inventory_hostname }}\\n"
- kind: directory
  path: /srv/data
  mode: "0750"
`;

it('converges, says so the second time, and changes nothing then', () => {
  using repository = makeRepository(two);

  expect(repository.run(['--check']).exit).toBe(2);
  expect(repository.run().exit).toBe(0);
  expect(readFileSync(join(repository.root, 'etc/motd'), 'utf8')).toBe('hello box\n');
  expect(statSync(join(repository.root, 'srv/data')).mode & 0o777).toBe(0o750);

  const before = snapshot(repository.root);
  const second = repository.run();
  expect(second.exit).toBe(0);
  expect(second.stdout).toContain('Converged: 2 resources, nothing to do');
  expect(snapshot(repository.root)).toBe(before);
});

it('--check writes nothing, not even state', () => {
  using repository = makeRepository(two);
  const empty = snapshot(repository.root);

  const report = repository.report(['--check']);

  expect(report.writes).toBe(0);
  expect(snapshot(repository.root)).toBe(empty);
  repository.run();
  writeFileSync(join(repository.root, 'etc/motd'), 'edited\n');
  const before = snapshot(repository.root);
  expect(repository.run(['--check']).exit).toBe(3);
  expect(snapshot(repository.root)).toBe(before);
});

it('exit codes of --check tell upstream, drift and both apart', () => {
  using repository = makeRepository(two);
  repository.run();

  expect(repository.run(['--check']).exit).toBe(0);
  chmodSync(join(repository.root, 'srv/data'), 0o777);
  expect(repository.run(['--check']).exit).toBe(3);
  repository.write('desired-state/site.yaml', site(two.replace('hello', 'goodbye')));
  expect(repository.run(['--check']).exit).toBe(4);
  chmodSync(join(repository.root, 'srv/data'), 0o750);
  expect(repository.run(['--check']).exit).toBe(2);
  writeFileSync(join(repository.root, 'etc/motd'), 'edited\n');
  expect(repository.run(['--check']).exit).toBe(4);
});

it('what leaves git is removed from the host', () => {
  using repository = makeRepository(two);
  repository.run();

  repository.write('desired-state/site.yaml', site(two.slice(0, two.indexOf('- kind: directory'))));
  const { exit, stdout } = repository.run();

  expect(exit).toBe(0);
  expect(stdout).toContain('directory[/srv/data]');
  expect(existsSync(join(repository.root, 'srv/data'))).toBe(false);
});

it('on_drift: report leaves the edit and says so each time', () => {
  using repository = makeRepository(`
- kind: file
  path: /etc/motd
  content: "mine\\n"
  on_drift: report
`);
  repository.run();
  writeFileSync(join(repository.root, 'etc/motd'), 'edited\n');

  for (let run = 0; run < 2; run++) {
    const report = repository.report();
    expect(report.steps[0]).toMatchObject({ cause: 'drift', outcome: 'held' });
    expect(readFileSync(join(repository.root, 'etc/motd'), 'utf8')).toBe('edited\n');
  }
});

it('an observed assignment is compared, and never changed', () => {
  using repository = makeRepository('');
  repository.write(
    'desired-state/site.yaml',
    'assignments:\n  - hosts: all\n    mode: observe\n    resources:\n      - kind: file\n        path: /etc/motd\n        content: x\n',
  );

  const report = repository.report();

  expect(report.steps[0]).toMatchObject({ outcome: 'held', cause: 'upstream' });
  expect(existsSync(join(repository.root, 'etc/motd'))).toBe(false);
});

it('a managed path that leads through a link is refused before anything is written', () => {
  using repository = makeRepository(two);
  mkdirSync(join(repository.root, 'real'));
  symlinkSync('real', join(repository.root, 'etc'));
  const before = snapshot(repository.root, { ignore: isState });

  const report = repository.report();

  expect(report.exit).toBe(7);
  expect(report.problems.map(({ code }) => code)).toEqual(['symlink-in-path']);
  expect(snapshot(repository.root, { ignore: isState })).toBe(before);
});

it('a file that would lose most of its content is refused', () => {
  using repository = makeRepository(two);
  mkdirSync(join(repository.root, 'etc'));
  writeFileSync(join(repository.root, 'etc/motd'), 'x'.repeat(3493));

  const report = repository.report();

  expect(report.exit).toBe(7);
  expect(report.problems[0]?.message).toContain('would shrink from 3493');
});

it('an emptied repository is refused, and the host keeps what it has', () => {
  using repository = makeRepository(two);
  repository.run();
  repository.write('desired-state/site.yaml', 'assignments: []\n');

  const report = repository.report();

  expect(report.exit).toBe(7);
  expect(report.problems.map(({ code }) => code)).toContain('empty-catalog');
  expect(existsSync(join(repository.root, 'etc/motd'))).toBe(true);
});

it('a lost state is adopted again without a write', () => {
  using repository = makeRepository(two);
  repository.run();
  rmSync(join(repository.root, 'var'), { recursive: true });
  const before = snapshot(repository.root);

  const report = repository.report();

  expect(report.outcome).toBe('converged');
  expect(report.writes).toBe(0);
  expect(report.counts.adopted).toBe(2);
  expect(snapshot(repository.root, { ignore: isState })).toBe(before);
});

const isState = (path: string): boolean => path === '/var';

it.skipIf(process.getuid?.() !== 0)('an owner that the sandbox does not have is told as left out', () => {
  using repository = makeRepository('- { kind: file, path: /etc/a, content: a, owner: nosuchuser }');
  mkdirSync(join(repository.root, 'etc'));
  writeFileSync(join(repository.root, 'etc/passwd'), 'root:x:0:0::/root:/bin/sh\n');

  const { exit, steps } = repository.report();

  expect(exit).toBe(0);
  expect(steps).toMatchObject([{ reason: 'owner is left out: --root has no user "nosuchuser"' }]);
});
