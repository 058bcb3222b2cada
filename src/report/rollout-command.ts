import type { RolloutState } from '../model/rollout.ts';

/** The command that goes on with a rollout which was left in the middle. */
export const rolloutCommand = ({ action }: Pick<RolloutState, 'action'>): string =>
  action === 'apply' ? 'reconcile fleet apply with its plan' : 'reconcile fleet push';
