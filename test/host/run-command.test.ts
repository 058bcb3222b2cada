import { mkdtempSync, readFileSync, rmSync, existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { runCommand } from '../../src/host/run-command.ts';

const directory = mkdtempSync(join(tmpdir(), 'run-command-'));
afterAll(() => rmSync(directory, { recursive: true }));

const never = new AbortController().signal;
const node = process.execPath;
const script = (text: string) => [node, '-e', text] as const;

/** Polls the process table; the group is ended asynchronously by the kernel. */
const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
};

describe('runCommand', () => {
  it('returns exit code and output, and a non-zero exit is not an error', async () => {
    const result = await runCommand(['sh', '-c', 'echo out; echo err >&2; exit 3'], {}, never);

    expect(result).toEqual({ exitCode: 3, signal: null, timedOut: false, stdout: 'out\n', stderr: 'err\n' });
  });

  it('passes arguments literally, without a shell', async () => {
    const result = await runCommand(['echo', '$HOME; `id` > x', '*'], {}, never);

    expect(result.stdout).toBe('$HOME; `id` > x *\n');
  });

  it('inherits nothing: the environment is fixed and the directory is /', async () => {
    process.env['RUN_COMMAND_CANARY'] = 'leak';
    const result = await runCommand(['sh', '-c', 'env | sort; pwd'], { env: { EXTRA: '1' } }, never);
    delete process.env['RUN_COMMAND_CANARY'];

    const names = result.stdout.split('\n').map((line) => line.replace(/=.*/, ''));
    expect(names).toEqual(['EXTRA', 'HOME', 'LC_ALL', 'LOGNAME', 'PATH', 'PWD', 'USER', '/', '']);
  });

  it('reads /dev/null unless an input is given', async () => {
    expect((await runCommand(['cat'], {}, never)).stdout).toBe('');
    expect((await runCommand(['cat'], { stdin: 'given' }, never)).stdout).toBe('given');
  });

  it('does not fail when the program ignores a large input', async () => {
    expect((await runCommand(['true'], { stdin: Buffer.alloc(1 << 20) }, never)).exitCode).toBe(0);
  });

  it('says which program is not installed', async () => {
    await expect(runCommand(['no-such-program-here'], {}, never)).rejects.toThrow(
      'no-such-program-here: not installed on this host',
    );
  });

  it('says when it is the directory that is missing', async () => {
    await expect(runCommand(['true'], { cwd: '/no/such/place' }, never)).rejects.toThrow('no directory /no/such/place');
    await expect(runCommand(['true'], { cwd: '/etc/passwd' }, never)).rejects.toThrow('no directory /etc/passwd');
  });

  it('says that the arguments are too long, and leaves the umask as it was', async () => {
    const script = `
      import { runCommand } from ${JSON.stringify(new URL('../../src/host/run-command.ts', import.meta.url).href)};
      process.umask(0o077);
      const error = await runCommand(['true', 'x'.repeat(1 << 18)], {}, new AbortController().signal).catch(String);
      // 63: 0o077.
      console.log(error, process.umask());`;
    const { stdout } = await runCommand([node, '--input-type=module', '-e', script], {}, never);

    expect(stdout).toBe(`Error: true: its arguments and environment are longer than the system takes 63\n`);
  });

  it('says when a program is not executable', async () => {
    await expect(runCommand(['/etc/passwd'], {}, never)).rejects.toThrow('/etc/passwd: not executable');
  });

  it('says that a user does not exist', async () => {
    await expect(runCommand(['true'], { user: 'no-such-user' }, never)).rejects.toThrow('no user "no-such-user"');
  });

  it('never quotes an environment value in an error', async () => {
    const error = await runCommand(['true'], { env: { TOKEN: 'canary\0' } }, never).catch(String);

    expect(error).toContain('NUL');
    expect(error).not.toContain('canary');
  });

  it('keeps the last MiB of each stream', async () => {
    const text = "process.stdout.write('x'.repeat(3 << 20)); process.stdout.write('the end')";
    const { stdout } = await runCommand(script(text), {}, never);

    expect(stdout.length).toBe(1 << 20);
    expect(stdout.endsWith('xthe end')).toBe(true);
  });

  it('keeps every byte with encoding latin1', async () => {
    const bytes = Buffer.from([0xe9, 0x80, 0xff, 0x0a]);
    const { stdout } = await runCommand(['cat'], { stdin: bytes, encoding: 'latin1' }, never);

    expect(Buffer.from(stdout, 'latin1')).toEqual(bytes);
  });

  it('ends the whole group on timeout, also children that ignore SIGTERM', async () => {
    const pidFile = join(directory, 'pid');
    const text = `trap '' TERM; sh -c 'trap "" TERM; echo $$ > ${pidFile}; while :; do sleep 0.1; done' & exec sleep 30`;
    const result = await runCommand(['sh', '-c', text], { timeout: 300 }, never);

    expect(result).toMatchObject({ timedOut: true, exitCode: null });
    await expect.poll(() => isAlive(Number(readFileSync(pidFile, 'utf8')))).toBe(false);
  });

  it('waits for a program with a limit that is longer than any timer', async () => {
    const { exitCode, timedOut } = await runCommand(['sleep', '0.1'], { timeout: 30 * 86_400_000 }, never);

    expect({ exitCode, timedOut }).toEqual({ exitCode: 0, timedOut: false });
  });

  it('ends the group and throws the reason on abort', async () => {
    const controller = new AbortController();
    const pidFile = join(directory, 'aborted');
    const running = runCommand(['sh', '-c', `echo $$ > ${pidFile}; exec sleep 30`], {}, controller.signal);
    await expect.poll(() => existsSync(pidFile) && readFileSync(pidFile, 'utf8')).not.toBeFalsy();
    controller.abort(new Error('stop now'));

    await expect(running).rejects.toThrow('stop now');
    expect(isAlive(Number(readFileSync(pidFile, 'utf8')))).toBe(false);
  });

  it('does not wait for a background child that keeps the output open', async () => {
    const started = performance.now();
    const result = await runCommand(['sh', '-c', 'sleep 20 & echo $!'], {}, never);
    process.kill(Number(result.stdout));

    expect(result.exitCode).toBe(0);
    expect(performance.now() - started).toBeLessThan(5_000);
  });

  it.runIf(process.getuid?.() === 0)('runs as another user without supplementary groups, with that home', async () => {
    const { stdout } = await runCommand(['sh', '-c', 'id -u; id -G; echo $HOME $USER'], { user: 'nobody' }, never);

    expect(stdout).toMatch(/^65534\n65534\n\S+ nobody\n$/);
  });
});
