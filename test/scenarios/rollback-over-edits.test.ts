import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { Report } from '../../src/model/report.ts';
import { makeRepository, site, type Repository } from '../support/repository.ts';
import { runCli } from '../support/run-cli.ts';
import { writeBelow } from '../support/write-below.ts';

const lost = 'changed here since; that is lost';
const resources = `- { kind: file, path: /etc/motd, source: motd }\n- { kind: tree, path: /srv/tree, source: tree }\n`;

const apply = (repository: Repository, text: string): Report => {
  for (const name of ['motd', 'tree/one']) repository.write(`desired-state/files/${name}`, `${text}\n`);
  return repository.report();
};
const rollback = ({ root }: Repository, ...args: readonly string[]) => runCli(['rollback', '--root', root, ...args]).stdout;

it('what somebody has written into whole files since is shown by a rollback as what it takes away, and said to be lost', () => {
  using repository = makeRepository(resources);
  apply(repository, 'v1');
  const second = apply(repository, 'v2');
  for (const name of ['etc/motd', 'srv/tree/one']) writeBelow(repository.root, name, 'operator\n');
  apply(repository, 'v3');

  expect(rollback(repository, '--check')).toMatch(/-v3\n +\+operator\n/);
  expect(rollback(repository, '--check')).not.toContain(lost);
  // Of two at once the first gives back what the second takes away.
  expect(rollback(repository, '--check', second.run)).toMatch(new RegExp(`${lost}[^]*-operator\\n +\\+v1\\n`));
  rollback(repository);
  const preview = rollback(repository, '--check');
  const done = rollback(repository);

  expect(preview.match(new RegExp(lost, 'g'))).toHaveLength(2);
  expect(preview.match(/-operator\n +\+v1\n/g)).toHaveLength(2);
  expect(preview).not.toContain('-v2');
  expect(done.match(new RegExp(`restored to what it was: ${lost}`, 'g'))).toHaveLength(2);
  expect(readFileSync(join(repository.root, 'etc/motd'), 'utf8')).toBe('v1\n');
});

it('what was written over a secret is neither shown nor compared', () => {
  using repository = makeRepository('');
  for (const text of ['one', 'two']) {
    repository.write('desired-state/site.yaml', site(`- { kind: file, path: /etc/key, content: "${text}", sensitive: true }`));
    repository.report();
  }
  writeBelow(repository.root, 'etc/key', 'canary');

  expect(rollback(repository, '--check')).toMatch(/hold a secret and are not shown/);
  expect(rollback(repository, '--check')).not.toMatch(/canary|one|two/);
});
