import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { takeLock } from '../../src/state/lock.ts';
import { makeRepository } from '../support/repository.ts';
import { program } from '../support/run-cli.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

it('one has it at a time; who waits gives up when the time is over', () => {
  using directory = temporaryDirectory();
  const lock = takeLock(directory.path);

  expect(takeLock(directory.path)).toBeUndefined();
  expect(takeLock(directory.path, 20)).toBeUndefined();
  lock?.release();
  const next = takeLock(directory.path, 20);
  expect(next).toBeDefined();
  next?.release();
});

it.skipIf(!existsSync('/proc/self/fd'))('a rollback waits for a run that is at work', async () => {
  using repository = makeRepository('- { kind: file, path: /etc/motd, content: "new\\n" }');
  const motd = join(repository.root, 'etc/motd');
  repository.run();
  expect(readFileSync(motd, 'utf8')).toBe('new\n');
  const state = join(repository.root, 'var/lib/timmy-reconciler');
  const lock = takeLock(state);
  const child = spawn(process.execPath, [program, 'rollback', '--root', repository.root], { stdio: 'ignore' });
  const ended = once(child, 'exit');
  const files = (): readonly string[] =>
    readdirSync(`/proc/${child.pid}/fd`).flatMap((fd) => {
      try {
        return [readlinkSync(`/proc/${child.pid}/fd/${fd}`)];
      } catch {
        return [];
      }
    });
  await vi.waitFor(() => expect(files()).toContain(join(state, 'lock.db')), { timeout: 10_000 });

  lock?.release();

  expect((await ended)[0]).toBe(0);
  expect(existsSync(motd)).toBe(false);
});
