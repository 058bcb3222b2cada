import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import type { AgentStatus } from '../../src/model/agent.ts';
import { statusSchema } from '../../src/report/status-schema.ts';
import { expectDocumented } from '../support/documented.ts';
import { program } from '../support/run-cli.ts';

/** On a machine that nothing was ever applied to; `prepare` is done before by a shell. */
function statusAfter(prepare: string): { readonly exit: number | null; readonly stdout: string; readonly stderr: string } {
  const script = `mount -t tmpfs none /var/lib && mount -t tmpfs none /etc/systemd/system && ${prepare} && exec "$@"`;
  const all = ['--mount', 'sh', '-c', script, 'sh', process.execPath, program, 'status', '-o', 'json'];
  const env = { PATH: process.env['PATH'] ?? '', HOME: '/nonexistent' };
  const { status, stdout, stderr } = spawnSync('unshare', all, { cwd: '/', env, encoding: 'utf8', timeout: 60_000 });
  return { exit: status, stdout, stderr };
}

const isPossible = process.getuid?.() === 0 && statusAfter('true').exit === 1;
if (!isPossible) console.log('skipped: a machine of its own needs root, unshare and systemd');

describe.skipIf(!isPossible)('status without an agent that runs', () => {
  it.each([
    [
      'says that one is to run here where its unit is enabled',
      'mkdir -p multi-user.target.wants && touch multi-user.target.wants/',
      /does not/,
    ],
    ['asks for none where it is not', 'touch ', null],
  ])('%s', (_, make, stalled) => {
    const { exit, stdout, stderr } = statusAfter(`cd /etc/systemd/system && ${make}timmy-reconciler.service && cd /`);
    const status = JSON.parse(stdout) as AgentStatus;

    expect(exit).toBe(1);
    expect(stderr).toContain('no agent runs for /var/lib/timmy-reconciler');
    expectDocumented(statusSchema, stdout);
    expect(status.phase).toBe('absent');
    if (stalled) expect(status.stalled).toMatch(stalled);
    else expect(status.stalled).toBeNull();
  });
});
