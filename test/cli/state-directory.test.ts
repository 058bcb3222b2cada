import { expect, it } from 'vitest';
import { stateDirectory } from '../../src/state/state-directory.ts';

it.each([
  ['under the root, whatever the environment says', '/box', { RECONCILE_STATE_DIR: '/s' }, 0, '/box/var/lib/timmy-reconciler'],
  ['RECONCILE_STATE_DIR first', undefined, { RECONCILE_STATE_DIR: '/s', STATE_DIRECTORY: '/t' }, 0, '/s'],
  ['then the first of STATE_DIRECTORY', undefined, { STATE_DIRECTORY: '/t:/u' }, 0, '/t'],
  ['then /var/lib for root', undefined, { HOME: '/root' }, 0, '/var/lib/timmy-reconciler'],
  ['then XDG_STATE_HOME', undefined, { HOME: '/home/a', XDG_STATE_HOME: '/x' }, 1000, '/x/timmy-reconciler'],
  ['then the home', undefined, { HOME: '/home/a' }, 1000, '/home/a/.local/state/timmy-reconciler'],
] as const)('the state directory is %s', (_title, root, env, uid, expected) => {
  expect(stateDirectory(root, env, uid)).toBe(expected);
});
