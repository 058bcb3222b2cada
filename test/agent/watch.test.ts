import { cpSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { openWatch } from '../../src/agent/watch.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

it('whatever else is followed is looked at once more, for a rollback by hand may have come before it; the same is not', async () => {
  let moved = Promise.withResolvers<void>();
  const holds = () => true;
  const watch = openWatch(
    () => moved.resolve(),
    (message) => moved.reject(new Error(message)),
  );
  watch.follow({ directories: [], holds }, [], true);
  await moved.promise;

  moved = Promise.withResolvers();
  const same: string[] = [];
  watch.follow({ directories: same, holds }, [], true);
  await moved.promise;

  let isSeen = false;
  moved = Promise.withResolvers();
  void moved.promise.then(() => (isSeen = true));
  watch.follow({ directories: same, holds }, [], true);
  await setTimeout(200);
  expect(isSeen).toBe(false);
  await watch.close();
});

it('a tree that was put in the place of one that is followed is followed, with the next pass', async () => {
  using directory = temporaryDirectory();
  const config = join(directory.path, 'config');
  mkdirSync(join(config, 'roles'), { recursive: true });
  const seen = new Set<string>();
  const watch = openWatch(
    (names) => [...names].forEach((name) => seen.add(name)),
    (message) => seen.add(message),
  );
  const nothing = { directories: [], holds: () => false };
  const follow = async (): Promise<void> => {
    watch.follow(nothing, [join(config, 'roles')], true);
    await setTimeout(300);
  };
  await follow();
  renameSync(config, `${config}.old`);
  cpSync(`${config}.old`, config, { recursive: true });
  await follow();

  writeFileSync(join(config, 'roles/new'), '');
  await expect.poll(() => [...seen]).toContain(join(config, 'roles/new'));
  await watch.close();
});
