import { generateX25519Identity, identityToRecipient } from 'age-encryption';
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { commandTable, type CommandEntry } from '../../src/cli/command-table.ts';
import { makeRepository, type Repository } from '../support/repository.ts';
import { program } from '../support/run-cli.ts';

/** Exit codes other than 0 that tell what the example is about. */
const otherExits: Readonly<Record<string, number>> = { '': 2 };
/** Afterwards the revision is in quarantine, so that these come last. */
const last = ['rollback', 'release'];

let repository: Repository;
let environment: NodeJS.ProcessEnv;
beforeAll(async () => {
  const identity = await generateX25519Identity();
  repository = makeRepository('- { kind: file, path: /etc/motd, source: motd }', {
    'inventory/hosts.yml': 'all:\n  children:\n    wizards:\n      hosts:\n        box:\n',
    'desired-state/files/motd': 'hello\n',
    'desired-state/secrets/recipients.txt': `${await identityToRecipient(identity)}\n`,
    'token.txt': 'canary-4711\n',
  });
  repository.commit('first');
  const directory = dirname(repository.root);
  mkdirSync(join(directory, 'bin'));
  writeFileSync(join(directory, 'bin/reconcile'), `#!/bin/sh\nexec '${process.execPath}' '${program}' "$@"\n`, { mode: 0o755 });
  writeFileSync(join(directory, 'age.key'), `${identity}\n`, { mode: 0o600 });
  environment = {
    PATH: `${directory}/bin:${process.env['PATH']}`,
    HOME: directory,
    RECONCILE_AGE_KEY_FILE: join(directory, 'age.key'),
    RECONCILE_STATE_DIR: join(directory, 'state'),
  };
});
afterAll(() => repository[Symbol.dispose]());

/** The example as it stands there, for a host and a sandbox of the test. */
function commandLine({ name, example: [line], options }: CommandEntry): string {
  const takes = (flag: string): boolean => options.some(({ flags }) => flags.startsWith(flag));
  const host = takes('--host') && name !== 'inventory' ? ' --host box' : '';
  return `${line}${host}${takes('--root') ? ` --root '${repository.root}'` : ''}`;
}

describe('the example in --help', () => {
  const entries = [...commandTable].sort((a, b) => last.indexOf(a.name) - last.indexOf(b.name));

  it.each(entries.map((entry) => [entry.example[0], entry] as const))('%s works', (_line, entry) => {
    const { status, stdout, stderr } = spawnSync('bash', ['-c', commandLine(entry)], {
      cwd: repository.path,
      env: environment,
      encoding: 'utf8',
    });

    expect(stderr).not.toContain('reconcile:');
    expect(stdout + stderr).not.toContain('canary');
    expect(status, stdout + stderr).toBe(otherExits[entry.name] ?? 0);
  });
});
