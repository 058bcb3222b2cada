import * as z from 'zod';
import { hostVerdicts } from './fleet-exit.ts';

/**
 * What a host says of a revision. `healthy`: it took it and is well. `failed`: it could not, or is not well since. `absent`: nothing,
 * since the revision was never tried there.
 */
const standing = z.enum(['healthy', 'failed', 'absent']);
export type Standing = z.infer<typeof standing>;

const hostState = z.object({
  verdict: z.enum(hostVerdicts),
  message: z.string(),
  hint: z.exactOptional(z.string()),
  attempts: z.number(),
  duration: z.number(),
  standing,
  /** The run that changed it, or that may have and of which no more was heard, for taking that back; null where nothing was changed. */
  run: z.string().nullable(),
  /** The run was taken back. */
  isTakenBack: z.boolean(),
});
export type RolloutHost = z.infer<typeof hostState>;

const wave = z.object({
  name: z.string(),
  hosts: z.array(z.string()),
  bake: z.number(),
  mayFail: z.number(),
  /** The hosts are, or were, watched until then. ISO 8601. */
  until: z.iso.datetime().nullable(),
  isDone: z.boolean(),
});

/** A rollout as the operator's machine remembers it, so that who begins again goes on where it was. */
export const rolloutState = z.object({
  schema: z.literal('reconcile.rollout/1'),
  /** Which command it is of; without it `push`. */
  action: z.exactOptional(z.enum(['push', 'apply'])),
  commit: z.string(),
  branch: z.string().nullable(),
  /** Only resources with one of them were asked for. */
  tags: z.array(z.string()),
  startedAt: z.iso.datetime(),
  /** `halting`: it was stopped by what hosts said, and what is to be taken back is not yet. */
  phase: z.enum(['running', 'halting', 'halted', 'aborted', 'finished']),
  reason: z.string().nullable(),
  waves: z.array(wave),
  /** By host, the first run there that began to carry the revision out. */
  begun: z.exactOptional(z.record(z.string(), z.string())),
  hosts: z.record(z.string(), hostState),
});
export type RolloutState = z.infer<typeof rolloutState>;

/** One change, as it is added behind the state that it changes. */
export const rolloutChange = z.union([
  z.object({ host: z.string(), begun: z.string() }),
  /** `isNothing`: what was begun there has done nothing. */
  z.object({ host: z.string(), state: hostState, isNothing: z.exactOptional(z.literal(true)) }),
  z.object({ wave: z.string(), until: z.exactOptional(wave.shape.until), isDone: z.exactOptional(z.boolean()) }),
]);
export type RolloutChange = z.infer<typeof rolloutChange>;

/** What somebody at another terminal wants of a rollout. */
export const rolloutWish = z.object({ word: z.enum(['pause', 'abort']), by: z.string(), at: z.iso.datetime() });
export type RolloutWish = z.infer<typeof rolloutWish>;
