import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openLocalHost } from '../../src/host/local-host.ts';
import { openLocalReader } from '../../src/host/local-reader.ts';
import { Secret } from '../../src/model/secret.ts';
import { command } from '../../src/resources/types/command.ts';
import { contents, converge, prepare, signal } from './converge-kind.ts';

let directory: string;
beforeEach(() => void (directory = mkdtempSync(join(tmpdir(), 'command-'))));
afterEach(() => rmSync(directory, { recursive: true }));

const at = (name: string): string => join(directory, name);
const touch = (name: string) => ['touch', at(name)];
const failing = (script: string, more: object = {}) =>
  converge(command, { argv: ['sh', '-c', script], creates: at('made'), ...more }).catch((error: Error) => error.message);

describe('what a command may say', () => {
  it.each([
    ['no guard', { argv: ['true'] }, 'exactly one of creates, unless, onlyif, refresh_only is needed, found none'],
    ['two guards', { argv: ['true'], creates: '/x', unless: ['true'] }, 'found creates and unless'],
    ['a shell line', { argv: 'rm -rf /', creates: '/x' }, 'argv: expected a list of arguments, not a shell line'],
    ['a shell line as guard', { argv: ['true'], unless: 'test -e /x' }, 'unless: expected a list'],
    ['nothing', { argv: [], creates: '/x' }, 'argv: expected a program'],
    ['a number as argument', { argv: ['sleep', 5], creates: '/x' }, 'argv.1'],
    ['a NUL', { argv: ['a\0'], creates: '/x' }, 'cannot hold a NUL'],
    ['a secret argument', { argv: ['login', Secret.of('canary')], creates: '/x' }, 'argv.1: a secret cannot be an argument'],
    ['a relative path', { argv: ['true'], creates: 'x' }, 'creates: expected an absolute path'],
    ['a bare number as time', { argv: ['true'], creates: '/x', timeout: '5' }, 'timeout: expected a duration'],
    ['refresh_only: false', { argv: ['true'], refresh_only: false }, 'refresh_only'],
    ['a bad variable', { argv: ['true'], creates: '/x', env: { 'A B': 'x' } }, 'env'],
    ['an unknown attribute', { argv: ['true'], create: '/x' }, 'create'],
  ])('refuses %s', (_what, attributes, message) => {
    const { problems } = prepare(command, attributes);

    expect(problems.join('\n')).toContain(message);
    expect(problems.join('\n')).not.toContain('canary');
  });

  it('is known by its name, else by its argv', () => {
    expect(prepare(command, { argv: ['a', 'b'], creates: '/x' }).id).toBe('a b');
    expect(prepare(command, { name: 'n', argv: ['a', 'b'], creates: '/x' }).id).toBe('n');
  });

  it('names the programs that it runs, guards included', () => {
    const { desired } = prepare(command, { argv: ['a', 'b'], unless: ['/usr/bin/c', 'd'] });

    expect(command.commands?.(desired)).toEqual(['a', '/usr/bin/c']);
  });

  it('is watched through its path, and always looked at where a program is the guard', () => {
    const watched = (guard: object) => command.watches?.(prepare(command, { argv: ['a'], ...guard }).desired);

    expect(watched({ creates: '/x' })).toEqual(['/x']);
    expect(watched({ refresh_only: true })).toEqual([]);
    expect(watched({ unless: ['true'] })).toBeUndefined();
    expect(watched({ onlyif: ['true'] })).toBeUndefined();
  });

  it('needs a live host', () => {
    const { desired } = prepare(command, { argv: ['a'], creates: '/x' });

    expect(command.unsupported?.(desired, openLocalReader({ root: directory }))).toBe('needs a live host');
    expect(command.unsupported?.(desired, openLocalReader({}))).toBeUndefined();
  });
});

describe('a command', () => {
  it.each([
    ['creates', () => ({ creates: at('made') })],
    ['unless', () => ({ unless: ['test', '-e', at('made')] })],
    ['onlyif', () => ({ onlyif: ['test', '!', '-e', at('made')] })],
  ])('with %s runs once and is converged then', async (_guard, guard) => {
    const attributes = { argv: touch('made'), ...guard() };

    const first = await converge(command, attributes);
    expect(first.diff).toEqual({
      action: 'create',
      changes: [{ field: 'run', from: null, to: `touch ${at('made')}` }],
    });
    expect(first.again.action).toBe('none');
    expect(existsSync(at('made'))).toBe(true);

    expect((await converge(command, attributes)).diff.action).toBe('none');
  });

  it('with refresh_only runs only when it is refreshed', async () => {
    const attributes = { argv: touch('made'), refresh_only: true };
    expect((await converge(command, attributes)).diff.action).toBe('none');
    expect(existsSync(at('made'))).toBe(false);

    const host = openLocalHost({});
    await command.refresh?.(prepare(command, attributes).desired, { host, last: undefined, contents, signal });
    host.close();
    expect(existsSync(at('made'))).toBe(true);
  });

  it('runs in its directory, with its environment and nothing else', async () => {
    const argv = ['sh', '-c', 'pwd > made; env >> made'];
    await converge(command, { argv, creates: at('made'), cwd: directory, env: { A: '1', TOKEN: Secret.of('canary') } });

    const [where, ...variables] = readFileSync(at('made'), 'utf8').trim().split('\n');
    expect(where).toBe(directory);
    expect(variables.map((line) => line.replace(/=.*/, '')).sort()).toEqual(
      ['A', 'HOME', 'LC_ALL', 'LOGNAME', 'PATH', 'PWD', 'TOKEN', 'USER'].sort(),
    );
    expect(variables).toContain('TOKEN=canary');
  });

  it.runIf(process.getuid?.() === 0)('runs as its user, guard included', async () => {
    chmodSync(directory, 0o777);
    writeFileSync(at('guards'), '');
    chmodSync(at('guards'), 0o666);
    const unless = ['sh', '-c', `id -un >> ${at('guards')}; test -e ${at('made')}`];
    await converge(command, { argv: ['sh', '-c', `id -un > ${at('made')}`], unless, user: 'nobody' });

    expect(readFileSync(at('made'), 'utf8')).toBe('nobody\n');
    expect(readFileSync(at('guards'), 'utf8')).toBe('nobody\nnobody\n');
  });
});

describe('a command that fails', () => {
  it('says how, with the last lines of what it said', async () => {
    expect(await failing('for n in 1 2 3 4 5 6 7; do echo line $n >&2; done; exit 3')).toBe(
      'sh exited with 3: line 3\nline 4\nline 5\nline 6\nline 7',
    );
    expect(await failing('echo only stdout; exit 1')).toBe('sh exited with 1: only stdout');
    expect(await failing('exit 1')).toBe('sh exited with 1');
    expect(await failing('kill -KILL $$')).toBe('sh was ended by SIGKILL');
    expect(await failing('exec sleep 20', { timeout: '100ms' })).toBe('sh timed out');
  });

  it('never shows a secret that it printed, whole or line by line', async () => {
    const env = {
      TOKEN: Secret.of('canary-one'),
      KEY: Secret.of('-- begin\n  canary-two\n-- end\n'),
      SHORT: Secret.of('canary'),
    };
    const message = await failing('echo "$TOKEN $KEY" | tail -n 2 >&2; echo "x${TOKEN}x $SHORT" >&2; exit 1', { env });

    expect(message).toContain('sh exited with 1');
    expect(message).toContain('x<secret>x <secret>');
    expect(message).not.toContain('canary');
  });

  it('says that it left the path which would count as done', async () => {
    expect(await failing(`touch ${at('made')}; exit 1`)).toBe(
      `sh exited with 1; it left ${at('made')}, which would count as done: remove it`,
    );
  });

  it('is a failure too when it succeeds without making its path', async () => {
    expect(await failing('true')).toBe(`sh succeeded, but did not create ${at('made')}`);
  });

  it('names a program that is not installed, also as guard', async () => {
    const missing = ['no-such-program'];

    await expect(converge(command, { argv: missing, creates: at('made') })).rejects.toThrow('no-such-program: not installed');
    await expect(converge(command, { argv: ['true'], unless: missing })).rejects.toThrow('no-such-program: not installed');
  });

  it('does not take a guard that hangs for an answer', async () => {
    const guarded = converge(command, { argv: touch('made'), unless: ['sleep', '20'], timeout: '100ms' });

    await expect(guarded).rejects.toThrow('the guard sleep timed out');
    expect(existsSync(at('made'))).toBe(false);
  });
});
