import { it } from 'vitest';
import { openWatch } from '../../src/agent/watch.ts';

it('whatever is followed is looked at once more: a rollback by hand may have come before it', async () => {
  let moved = Promise.withResolvers<void>();
  const watch = openWatch(
    () => moved.resolve(),
    (message) => moved.reject(new Error(message)),
  );
  watch.follow([], []);
  await moved.promise;

  moved = Promise.withResolvers();
  watch.follow([], []);
  await moved.promise;
  await watch.close();
});
