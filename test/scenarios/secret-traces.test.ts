import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { canaries, canariesIn } from '../support/canaries.ts';
import { program } from '../support/run-cli.ts';
import { everyPlace, makeSecretRepository, type SecretRepository } from '../support/secret-repository.ts';

const hasStrace = spawnSync('strace', ['-V']).status === 0;

/** Runs the program under strace, and gives what it traced, a line for each call. */
function trace({ path, env }: SecretRepository, calls: string, args: readonly string[]): readonly string[] {
  const file = `${path}.trace`;
  const options = ['-f', '-v', '-s', '65536', '-e', `trace=${calls}`, '-o', file];
  const { status, stderr } = spawnSync('strace', [...options, process.execPath, program, '--host', 'box', ...args], {
    cwd: path,
    env: { PATH: process.env['PATH'], ...env },
    encoding: 'utf8',
  });
  expect(status, stderr).toBe(0);
  return readFileSync(file, 'utf8').split('\n');
}

it.skipIf(!hasStrace)('no program is started with a secret but the one that was given it', async () => {
  using repository = await makeSecretRepository();
  const { path, target } = repository;
  // Git is asked where a template names who made the commit.
  repository.resources(`${everyPlace}\n- { kind: file, path: "{{ target }}/etc/author", content: "{{ revision.author }}" }`);
  spawnSync('git', ['init', '-q'], { cwd: path });
  spawnSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@h.example', 'commit', '-q', '--allow-empty', '-m', 'x'], {
    cwd: path,
  });

  const started = trace(repository, 'execve', []).filter((line) => line.includes('execve('));

  const programs = started.filter((line) => line.endsWith(' = 0')).map((line) => /execve\("([^"]*)"/.exec(line)?.[1]);
  expect(programs.some((each) => each?.endsWith('/git'))).toBe(true);
  expect(programs.some((each) => each?.endsWith('/grep'))).toBe(true);
  const [given, others] = [
    started.filter((line) => line.includes('/etc/made')),
    started.filter((line) => !line.includes('/etc/made')),
  ];
  expect(others.flatMap(canariesIn)).toEqual([]);
  // Two secrets were meant for it; no other comes with them.
  expect(given.length).toBeGreaterThan(0);
  const heard = given.flatMap(canariesIn).filter((each) => !/^(?:environment|printed): /.test(each));
  expect(heard).toEqual([]);
  expect(given.join('\n')).toContain(`KEY=${canaries.environment}`);
  expect(readFileSync(join(target, 'etc/made'), 'utf8')).toBe(canaries.environment);
});

it.skipIf(!hasStrace)('a file with a secret is never open to others, not even while it is staged', async () => {
  using repository = await makeSecretRepository();
  const { target, state } = repository;
  repository.resources(everyPlace.replaceAll('0755', '0750'));

  const lines = trace(repository, 'openat,?open,?creat,fchmod,?chmod,fchmodat,?fchmodat2', []);

  const created = lines.filter((line) => line.includes('O_CREAT') && /\.agent-|\/target\/|\/state\//.test(line));
  const modes = created.map((line) => /O_CREAT[^,]*, (0\d+)\)/.exec(line)?.[1]);
  // The database stands in a directory of its own, 0700; `made` is the shell's own doing.
  const isOther = (line: string): boolean => /\.db(?:-journal)?"|\/made"/.test(line);
  expect(created.filter((line) => line.includes('.agent-')).length).toBeGreaterThan(20);
  expect(modes.filter((mode, index) => mode !== '0600' && !isOther(created[index]!))).toEqual([]);
  // Nothing is opened up beyond what was asked for.
  const widened = lines.flatMap((line) => /chmod(?:at2?)?\(.*?, (0\d+)/.exec(line)?.[1] ?? []);
  expect(new Set(widened).difference(new Set(['0600', '0400', '0440', '0644', '0700', '0750']))).toEqual(new Set());
  expect(readdirSync(join(target, 'etc')).filter((name) => name.startsWith('.agent-'))).toEqual([]);
  expect(readdirSync(state)).not.toContain('catalog');
});
