import { setTimeout } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { openWatch } from '../../src/agent/watch.ts';

it('whatever else is followed is looked at once more, for a rollback by hand may have come before it; the same is not', async () => {
  let moved = Promise.withResolvers<void>();
  const holds = () => true;
  const watch = openWatch(
    () => moved.resolve(),
    (message) => moved.reject(new Error(message)),
  );
  watch.follow({ directories: [], holds }, []);
  await moved.promise;

  moved = Promise.withResolvers();
  const same: string[] = [];
  watch.follow({ directories: same, holds }, []);
  await moved.promise;

  let isSeen = false;
  moved = Promise.withResolvers();
  void moved.promise.then(() => (isSeen = true));
  watch.follow({ directories: same, holds }, []);
  await setTimeout(200);
  expect(isSeen).toBe(false);
  await watch.close();
});
