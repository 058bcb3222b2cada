import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { program } from '../support/run-cli.ts';
import { startSshServer, whyNoSsh } from '../support/ssh-server.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const whyNot = whyNoSsh ?? (existsSync('/usr/bin/script') ? undefined : 'needs script(1) for a terminal');

describe.skipIf(whyNot !== undefined)(`fleet trust${whyNot ? ` (${whyNot})` : ''}`, () => {
  /** Runs it with the SSH configuration of this directory; with an answer, on a terminal. */
  function trust(home: string, args: readonly string[], answer?: string): { exit: number | null; output: string } {
    const places = ['--source', join(home, 'repository'), '--ssh-config', join(home, 'ssh_config')];
    const words = [process.execPath, program, 'fleet', 'trust', ...args, ...places];
    const [file = '', ...rest] = answer === undefined ? words : ['script', '-qec', words.join(' '), '/dev/null'];
    const { status, stdout, stderr } = spawnSync(file, rest, {
      input: answer ?? '',
      encoding: 'utf8',
      timeout: 60_000,
      env: { PATH: process.env['PATH'], TERM: 'dumb' },
    });
    return { exit: status, output: stdout + stderr };
  }

  it('shows keys, asks, and enrols; a changed key only when told', async () => {
    await using server = await startSshServer();
    using place = temporaryDirectory();
    const home = place.path;
    const repository = join(home, 'repository');
    const file = join(home, '.ssh', 'known_hosts');
    writeFileSync(join(home, 'ssh_config'), `UserKnownHostsFile ${file}\nGlobalKnownHostsFile none\n`);
    mkdirSync(join(repository, 'inventory'), { recursive: true });
    mkdirSync(join(repository, 'desired-state'));
    writeFileSync(join(repository, 'desired-state', 'site.yaml'), 'apiVersion: timmy/v1\nkind: Site\n');
    writeFileSync(
      join(repository, 'inventory', 'hosts.yml'),
      `all:\n  hosts:\n    web1: {ansible_host: 127.0.0.1, ansible_port: ${server.port}}\n`,
    );
    execFileSync('git', ['init', '-q', repository]);

    const unasked = trust(home, ['web1']);
    expect(unasked).toMatchObject({ exit: 64, output: expect.stringContaining('nothing was written') as string });
    expect(unasked.output).toMatch(/web1: ED25519 key SHA256:\S+ of \[127\.0\.0\.1\]:\d+/);
    expect(trust(home, ['web1'], 'n\n').exit).toBe(64);
    expect(existsSync(file)).toBe(false);

    expect(trust(home, ['web1'], 'y\n')).toMatchObject({
      exit: 0,
      output: expect.stringContaining('added to') as string,
    });
    const enrolled = readFileSync(file, 'utf8');
    expect(enrolled).toContain(server.hostKeys[0]!.split(' ')[1]);
    expect(trust(home, ['web1'])).toMatchObject({
      exit: 0,
      output: expect.stringContaining('known already') as string,
    });

    await using other = await startSshServer();
    writeFileSync(file, enrolled.replace(server.hostKeys[0]!, other.hostKeys[0]!));
    const changed = trust(home, ['web1', '--yes']);
    expect(changed).toMatchObject({ exit: 7, output: expect.stringContaining('but is known by') as string });
    expect(trust(home, ['web1', '--yes', '--replace']).exit).toBe(0);
    expect(readFileSync(file, 'utf8').match(/ssh-ed25519/g)).toHaveLength(1);
    expect(trust(home, ['nobody']).exit).toBe(65);
  });
});
