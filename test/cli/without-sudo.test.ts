import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { canBeNobody, programAsNobody } from '../support/as-nobody.ts';

function asNobody(...args: readonly string[]): { readonly exit: number | null; readonly output: string } {
  const [command, ...rest] = [...programAsNobody, ...args];
  const env = { PATH: process.env['PATH'] ?? '', HOME: '/nonexistent' };
  const { status, stdout, stderr } = spawnSync(command, rest, { cwd: '/', env, encoding: 'utf8', timeout: 60_000 });
  return { exit: status, output: stdout + stderr };
}

describe.skipIf(!canBeNobody())('who forgets sudo', () => {
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
