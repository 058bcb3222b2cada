import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openAgentState } from '../../src/state/agent-state.ts';
import { mountSmall } from '../support/mount-small.ts';
import { runCli } from '../support/run-cli.ts';

it('what people are to be told of a full disk is remembered on it, also after a start on it', ({ skip }) => {
  using disk = mountSmall('size=2m,mode=700', skip);
  const remember = (text: string): string => {
    using state = openAgentState(disk.path);
    const memory = state.memory('notify');
    for (const name of ['open', 'outbox', 'told']) memory.set(name, text.repeat(1_500));
    return String(memory.get('told')).slice(0, 1);
  };
  remember('a');
  spawnSync('dd', ['if=/dev/zero', `of=${join(disk.path, 'fill')}`, 'bs=1k']);

  expect(remember('b')).toBe('b');
  expect(remember('c')).toBe('c');
  rmSync(join(disk.path, 'fill'));
  expect(remember('d')).toBe('d');
});

it('a suspension that cannot be kept names its file and what to do', ({ skip }) => {
  using disk = mountSmall('size=64k,mode=700', skip);
  spawnSync('dd', ['if=/dev/zero', `of=${join(disk.path, 'fill')}`, 'bs=1k']);

  const { exit, stderr } = runCli(['suspend', '--for', '1h', '--reason', 'disk'], { env: { RECONCILE_STATE_DIR: disk.path } });

  expect(exit).toBe(1);
  expect(stderr).toMatch(/^reconcile: \S*\/suspended cannot be written: ENOSPC.*\nhint: see to the space/);
});
