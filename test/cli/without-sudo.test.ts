import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { program } from '../support/run-cli.ts';

/** Somebody else than root, on a machine where root has a state and they have none. */
function asNobody(...args: readonly string[]): { readonly exit: number | null; readonly output: string } {
  const script =
    'mount -t tmpfs none /var/lib && mkdir /var/lib/timmy-reconciler && exec setpriv --reuid=65534 --clear-groups "$@"';
  const all = ['--mount', 'sh', '-c', script, 'sh', process.execPath, program, ...args];
  const env = { PATH: process.env['PATH'] ?? '', HOME: '/nonexistent' };
  const { status, stdout, stderr } = spawnSync('unshare', all, { cwd: '/', env, encoding: 'utf8', timeout: 60_000 });
  return { exit: status, output: stdout + stderr };
}

const isPossible = process.getuid?.() === 0 && asNobody('--version').exit === 0;
if (!isPossible) console.log('skipped: becoming another user needs root, unshare, and a checkout that everybody can read');

describe.skipIf(!isPossible)('who forgets sudo', () => {
  it.each([
    [['suspend', '--for', '2h', '--reason', 'x'], 64],
    [['resume'], 64],
    [['release'], 64],
    [['rollback'], 64],
    [['confirm'], 64],
    [['show', 'latest'], 64],
    [['digest'], 64],
    [['history'], 0],
    [['status'], 64],
  ])('is told so by %j', (args, exit) => {
    const said = asNobody(...args);

    expect(said.output.toLowerCase()).toContain('no run is recorded in /nonexistent/.local/state/timmy-reconciler');
    expect(said.output).toContain('sudo, if you mean the runs of root in /var/lib/timmy-reconciler');
    expect(said.exit).toBe(exit);
  });
});
