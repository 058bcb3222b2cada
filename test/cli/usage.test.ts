import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { commandTable } from '../../src/cli/command-table.ts';
import { makeRepository } from '../support/repository.ts';
import { runCli } from '../support/run-cli.ts';

const repository = new URL('../..', import.meta.url).pathname;

describe('wrong usage', () => {
  it.each([
    [['plann'], "unknown command 'plann'", 'did you mean plan?'],
    [['secret', 'sett', 'x'], "unknown command 'sett'", 'did you mean set?'],
    [['--chek'], "unknown option '--chek'", 'did you mean --check?'],
    [['check'], "unknown command 'check'", 'did you mean reconcile --check?'],
    [['diff'], "unknown command 'diff'", 'did you mean reconcile --check --diff?'],
    [['--dry-run'], "unknown option '--dry-run'", 'did you mean reconcile --check?'],
    [['--check', '--limit', 'web'], "unknown option '--limit'", 'did you mean reconcile fleet check --limit?'],
    [['secret', 'get', 'x'], "unknown command 'get'", 'age -d -i KEYFILE desired-state/secrets/NAME.age'],
    [['secret', 'edit', 'x'], "unknown command 'edit'", 'set NAME` replaces the whole secret'],
    [['fleet', 'shell', 'uptime'], "unknown command 'shell'", 'reconcile fleet run -- PROGRAM'],
    [['fleet', 'run', 'uptime', '-p'], "unknown option '-p'", 'put -- before the program'],
    [['secret', 'check'], "unknown command 'check'", 'reconcile secret --help shows what there is'],
    [['help', 'plann'], "unknown command 'plann'", 'did you mean plan?'],
    [['plan', '--ot', 'x'], "unknown option '--ot'", 'did you mean --out?'],
    [['-o', 'jsn'], 'Allowed choices are text, json, ndjson', '--help'],
    [['completion', 'bsh'], 'Allowed choices are bash, zsh, fish', 'reconcile completion --help'],
    [['--check', 'history'], '--check does not fit the command history', 'reconcile history --help'],
    [['--check', '--host', ''], '--host needs a value', 'not set'],
    [['plan', '-o', '/nonexistent/plan', '--source', repository], 'no such directory: /nonexistent', '-o'],
    [['fleet', 'check', '--out', '/nonexistent/plan', '--source', repository], 'no such directory: /nonexistent', '--out'],
    [['plan', '-o', '/tmp', '--source', repository], '/tmp is a directory', '-o'],
    [['apply'], "missing required argument 'file'", 'reconcile apply --help'],
    [['apply', '/nonexistent/plan'], 'no such file', 'reconcile plan -o'],
    [['apply', '/'], '/ is a directory', 'reconcile plan -o'],
    [['plan', '-o', 'json', '--source', repository], '"json" is no name for a plan', './json'],
    [['plan', '-o', '-', '--source', repository], '"-" is no name for a plan', 'plan.json'],
    [['secret'], 'set, show-recipients, rekey', 'reconcile secret --help'],
    [['history', '--limit', 'many'], "not 'many'", ''],
    [['--host'], 'argument missing', '--help'],
    [['--check'], 'no configuration repository here or above', '--source PATH'],
    [['--source', '/nonexistent'], 'no such directory: /nonexistent', '--source names'],
    [['--check', '--source', repository, '--root', '/etc/passwd'], '/etc/passwd is not a directory', '--root names'],
    [['--source', repository, '--root', '/etc/passwd/x'], '/etc/passwd/x cannot be made', '--root'],
    [['--source', '/'], '/ is not a configuration repository', 'desired-state/site.yaml'],
    [['--check', '--source', repository, '--root', '/nonexistent/root'], 'no such directory', 'mkdir'],
    [['fleet', 'check', '--source', repository, '--timeout', '30d'], '--timeout 30d is not a time of at most 24 days', '10m'],
    [['--check', '--source', repository, '--tags', ','], '--tags needs at least one tag', ''],
  ])('%j exits 64, says what is wrong and what would be right', (args, message, hint) => {
    const { exit, stdout, stderr } = runCli(args);

    expect(stderr).toContain(message);
    expect(stderr).toContain(hint);
    expect(stdout).toBe('');
    expect(exit).toBe(64);
  });

  it('escapes control characters that it quotes', () => {
    const { exit, stderr } = runCli(['pl\x1b[2Jan']);

    expect(exit).toBe(64);
    expect(stderr).not.toContain('\x1b');
  });
});

it('apply of the plan of a fleet says which command takes it', () => {
  using place = makeRepository('- { kind: file, path: /etc/motd, content: x }');
  const plan = join(place.path, '../fleet.json');
  writeFileSync(plan, '{"schema":"reconcile.fleet-plan/1"}');

  const { exit, stderr } = runCli(['apply', plan]);

  expect(stderr).toContain(`did you mean reconcile fleet apply ${plan}?`);
  expect(exit).toBe(64);
});

it.each(['repository', '--root'])('apply of a plan whose %s is gone says so', (what) => {
  using place = makeRepository('- { kind: file, path: /etc/motd, content: x }');
  const plan = join(place.path, '../plan.json');
  expect(place.run(['plan', '-o', plan]).exit).toBe(0);
  rmSync(what === '--root' ? place.root : place.path, { recursive: true });

  const { exit, stderr } = runCli(['apply', plan]);

  expect(stderr).toContain(`the ${what} that the plan was made for is gone: ${what === '--root' ? place.root : place.path}`);
  expect(stderr).toContain('make a new plan');
  expect(exit).toBe(64);
});

describe('--help', () => {
  it('ends with an example for every command, on standard output, exit 0', () => {
    for (const { name, example } of commandTable) {
      const { exit, stdout, stderr } = runCli([...name.split(' '), '--help'].filter((word) => word !== ''));

      expect(stdout.trimEnd().endsWith(`Example:\n  ${example[0]}\n      ${example[1]}`), name).toBe(true);
      expect(stderr).toBe('');
      expect(exit).toBe(0);
    }
  }, 30_000);

  it('lists every command', () => {
    const { stdout } = runCli(['--help']);

    for (const { name } of commandTable) expect(stdout).toContain(name.split(' ')[0]);
  });
});
