import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { program } from '../../support/run-cli.ts';
import { startSshServer, whyNoSsh, type SshServer } from '../../support/ssh-server.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { writeBelow } from '../../support/write-below.ts';

/** `reconcile fleet run` at a terminal, where the key of the first host, `locked`, has a passphrase. Types nothing. */
function startAtTerminal(top: string, ...words: readonly string[]) {
  const argv = [process.execPath, program, 'fleet', 'run', '--source', top, '--ssh-config', join(top, 'ssh_config'), ...words];
  const line = `echo "pid $$"; exec ${argv.map((word) => `'${word}'`).join(' ')}`;
  const child = spawn('script', ['-qec', line, '/dev/null'], {
    env: { PATH: process.env['PATH'], HOME: top, TERM: 'dumb', RECONCILE_STATE_DIR: join(top, 'state') },
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  let shown = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (shown += text));
  const ended = once(child, 'close').then(([exit]) => ({ exit: exit as number, shown }));
  const tooSoon = ended.then(() => Promise.reject(new Error(`it ended after it had shown:\n${shown}`)));
  tooSoon.catch(() => undefined);
  return {
    ended,
    /** The text has been shown. */
    async shows(text: string): Promise<string> {
      while (!shown.includes(text)) await Promise.race([once(child.stdout, 'data'), tooSoon]);
      return shown;
    },
    type: (keys: string) => void child.stdin.write(keys),
  };
}

describe.skipIf(whyNoSsh !== undefined)(`who is asked for a passphrase${whyNoSsh ? ` (${whyNoSsh})` : ''}`, () => {
  const directory = temporaryDirectory();
  const top = directory.path;
  const ran = join(top, 'ran');
  let servers: readonly SshServer[];
  beforeAll(async () => {
    servers = await Promise.all([startSshServer(), startSshServer()]);
    const [locked, open] = servers as [SshServer, SshServer];
    execFileSync('ssh-keygen', ['-q', '-p', '-P', '', '-N', 'open sesame', '-f', locked.clientKey]);
    const of = ({ port, clientKey, target }: SshServer) =>
      ({
        ansible_host: '127.0.0.1',
        ansible_port: port,
        ansible_user: target().user,
        ansible_ssh_private_key_file: clientKey,
      }) as const;
    writeBelow(top, 'inventory/hosts.yml', JSON.stringify({ all: { hosts: { locked: of(locked), open: of(open) } } }));
    writeBelow(top, 'desired-state/site.yaml', 'assignments: []\n');
    writeBelow(top, 'known_hosts', locked.knownHosts + open.knownHosts);
    writeBelow(top, 'ssh_config', `Host *\nUserKnownHostsFile ${top}/known_hosts\nGlobalKnownHostsFile none\n`);
  });
  afterAll(async () => {
    for (const server of servers) await server[Symbol.asyncDispose]();
    directory[Symbol.dispose]();
  });

  it('and gives it, sees the command go on', async () => {
    const terminal = startAtTerminal(top, 'true');
    await terminal.shows('Passphrase of');
    terminal.type('open sesame\r');

    const { exit, shown } = await terminal.ended;

    expect({ exit, shown }).toMatchObject({ exit: 0, shown: expect.not.stringContaining('sesame') });
  });

  it('and presses Ctrl-C, ends the command: no further host is gone to', async () => {
    const terminal = startAtTerminal(top, '--forks', '1', 'touch', ran);
    await terminal.shows('Passphrase of');
    terminal.type('\u0003');

    const { exit, shown } = await terminal.ended;

    expect(shown).toContain('open: not reached: not begun: the command was interrupted');
    expect(exit).not.toBe(0);
  });

  it('and presses Ctrl-D, does without this key: other hosts are gone to', async () => {
    const terminal = startAtTerminal(top, '--forks', '1', 'echo', 'was here');
    await terminal.shows('Passphrase of');
    terminal.type('\u0004');

    const { exit, shown } = await terminal.ended;

    expect(shown).toContain('was here');
    expect(shown).toContain('needs its passphrase');
    expect(exit).not.toBe(0);
  });

  it.each([
    ['a signal ends the command', ['true']],
    ['all hosts have had their time', ['--timeout', '3s', 'true']],
  ])('and does not answer, is not waited for when %s', async (what, words) => {
    const terminal = startAtTerminal(top, ...words);
    const shown = await terminal.shows('Passphrase of');
    if (what.startsWith('a signal')) process.kill(Number(/^pid (\d+)/m.exec(shown)![1]), 'SIGTERM');

    expect((await terminal.ended).exit).not.toBe(0);
  });
});
