import { setTimeout } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { openWatch } from '../../src/agent/watch.ts';

it('whatever else is followed is looked at once more, for a rollback by hand may have come before it; the same is not', async () => {
  let moved = Promise.withResolvers<void>();
  const watch = openWatch(
    () => moved.resolve(),
    (message) => moved.reject(new Error(message)),
  );
  watch.follow([], []);
  await moved.promise;

  moved = Promise.withResolvers();
  const same: string[] = [];
  watch.follow(same, []);
  await moved.promise;

  let isSeen = false;
  moved = Promise.withResolvers();
  void moved.promise.then(() => (isSeen = true));
  watch.follow(same, []);
  await setTimeout(200);
  expect(isSeen).toBe(false);
  await watch.close();
});
