import * as z from 'zod';
import type { AgentStatus } from '../model/agent.ts';
import { exitNames } from '../model/exit-code.ts';
import { confirmationSchema } from './report-schema.ts';

// The type is the definition; the annotation below makes the compiler refuse a schema that says something else.
const text = z.string();
const time = z.iso.datetime();
const count = z.number().int().min(0);
const triggers = ['start', 'interval', 'retry', 'webhook', 'watch', 'signal', 'control', 'window'] as const;

export const approvalSchema = z.object({
  run: text,
  reason: text,
  planDigest: text,
  expires: time,
  approved: z.exactOptional(z.literal(true)).meta({
    description: 'Somebody has let it through, and something else keeps it away: a suspension, a window.',
  }),
});

/** The agent of one host, as `reconcile status -o json` and `/api/v1/status` show it. */
export const statusSchema: z.ZodType<AgentStatus> = z.object({
  schema: z.literal('reconcile.status/1'),
  host: text,
  version: text,
  startedAt: time.nullable().meta({ description: 'Null where no agent runs.' }),
  phase: z.enum(['starting', 'idle', 'fetching', 'running', 'stopping', 'absent']).meta({
    description: 'absent: no agent runs, `reconcile status` ends with 1, and the rest is what agent and runs have left.',
  }),
  revision: z.object({
    applied: text.nullable().meta({ description: 'Commit that was last verified on this host.' }),
    seen: text.nullable().meta({ description: 'Newest commit that was seen at a remote.' }),
    branch: text.nullable(),
  }),
  last: z
    .object({
      run: text,
      outcome: z.enum(exitNames),
      summary: text,
      at: time,
      hint: z.exactOptional(text.meta({ description: 'What to do about it.' })),
    })
    .nullable()
    .meta({
      description:
        'The last run that was not plainly converged, or the first one. A pass that could not be made has an empty `run`.',
    }),
  lastSuccess: time.nullable().meta({ description: 'When the host was last proved to be as the repository says.' }),
  health: z.exactOptional(
    z
      .object({
        at: time,
        checks: count,
        failure: z.exactOptional(text.meta({ description: 'What is wrong by the first check that does not hold.' })),
        failed: z.exactOptional(z.array(text).meta({ description: 'The names of all checks that do not hold.' })),
      })
      .meta({
        description:
          'What the health checks of the roles said of what stands when they were last asked: after something was applied, when a bake time ends, and after each poll.',
      }),
  ),
  fetch: z
    .object({
      at: time,
      ok: z.boolean(),
      state: z.exactOptional(z.enum(['fetched', 'offline', 'behind', 'refused'])).meta({
        description: 'What the look at the remotes gave: behind is what has only older revisions than the one that was applied.',
      }),
      remote: text.nullable(),
      message: text,
      hint: z.exactOptional(text.meta({ description: 'What to do about it.' })),
      passedOver: z.exactOptional(text.meta({ description: 'Why remotes that come first gave nothing, where a later one did.' })),
    })
    .nullable(),
  nextPass: time.nullable(),
  retry: z
    .object({ commit: text, failures: count, next: time })
    .nullable()
    .meta({ description: 'A revision that failed and is tried again.' }),
  quarantine: z.exactOptional(
    z.object({ commit: text, reason: text }).meta({
      description: 'The newest revision, where it was taken back here and is not tried again by itself.',
    }),
  ),
  updateTakenBack: z.exactOptional(
    z.object({ version: text, at: time }).meta({
      description: 'An update of this program that did not confirm itself: the version before runs on.',
    }),
  ),
  suspended: z.object({ reason: text, by: text, until: time }).nullable(),
  waitsFor: text
    .nullable()
    .meta({ description: 'Why a new revision is not applied yet: other waves of the rollout come first.' }),
  windowClosed: z.boolean().meta({ description: 'True while a maintenance window keeps changes away.' }),
  approval: approvalSchema.nullable().meta({ description: "A plan that policy does not let through without a person's word." }),
  unconfirmed: confirmationSchema
    .nullable()
    .meta({ description: 'A run that could have cut the host off, and that is taken back unless it is confirmed in time.' }),
  contested: z.array(text).meta({ description: 'Resources that somebody else keeps changing; they are not healed for a while.' }),
  stalled: text.nullable().meta({
    description: 'Why the agent gets no further, if so: a revision fails each time, or no pass can be made.',
  }),
  differing: count.meta({ description: 'Resources that differ and are only reported, from the last run.' }),
  passes: z.partialRecord(z.enum(triggers), count).meta({ description: 'Passes since the start, by what triggered them.' }),
  missedHooks: count.meta({ description: 'New revisions that a poll found although a webhook should have told of them.' }),
});
