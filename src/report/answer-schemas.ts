import * as z from 'zod';
import type { DeadmanStatus } from '../model/deadman-status.ts';
import type { Digest } from '../model/digest.ts';
import { exitNames } from '../model/exit-code.ts';
import { rolloutState, rolloutWish } from '../model/rollout.ts';
import type { Explanation } from './render-explanation.ts';
import { problemSchema, reportSchema, stepSchema } from './report-schema.ts';
import { approvalSchema, statusSchema } from './status-schema.ts';

const text = z.string();
const texts = z.array(text);
const time = z.iso.datetime();
const count = z.number().int().min(0);
const outcome = z.enum(exitNames);

/** `reconcile validate`. */
export const validationSchema = z.object({
  schema: z.literal('reconcile.validation/1'),
  hosts: texts.meta({ description: 'Those that were compiled.' }),
  left: count.meta({ description: 'How many were not, because there are so many.' }),
  leftUnlike: count.meta({ description: 'How many of these differ from all that were in more than their names.' }),
  problems: z.array(
    problemSchema.extend({ onlyOn: z.exactOptional(text).meta({ description: 'Where not all hosts have it: those that do.' }) }),
  ),
  unreadableSecrets: count.meta({ description: 'Uses of secrets that only other hosts can decrypt.' }),
});

const commit = z.object({ id: text, author: text, time: text, subject: text }).nullable();

const explanation: z.ZodType<Explanation> = z.object({
  schema: z.literal('reconcile.explanation/1'),
  address: text,
  kind: text,
  desired: z
    .record(text, z.json())
    .nullable()
    .meta({ description: 'What the repository wants, secrets as `<secret>`; null: it is no longer in git.' }),
  member: z.exactOptional(z.object({ path: text, mode: text }).meta({ description: 'The file of a tree that was asked for.' })),
  content: z.exactOptional(text.meta({ description: 'The first lines of the desired content, where no secret is in it.' })),
  role: z.exactOptional(text),
  origin: text.meta({ description: 'file:line:column' }),
  commit: commit.meta({ description: 'Who wrote that line; null for what is not committed.' }),
  source: z.exactOptional(z.object({ file: text, commit }).meta({ description: 'What the content is made from.' })),
  variables: z.array(z.object({ name: text, layer: text, at: z.exactOptional(text) })),
  after: texts,
  notify: texts,
  tags: texts,
  onDrift: text,
  prune: text,
  mode: text,
  lastApplied: z
    .object({
      run: text,
      time,
      revision: text.nullable().meta({ description: 'A commit; `+uncommitted` behind it: not all that was applied is in it.' }),
    })
    .nullable(),
  now: stepSchema.nullable().meta({ description: 'What a run would do now; null: nothing, or what is not known.' }),
  nowUnknown: z.exactOptional(text.meta({ description: 'Why that is not known: nothing was compared.' })),
  runs: z
    .array(
      z.object({
        run: text,
        time,
        outcome: stepSchema.shape.outcome,
        cause: stepSchema.shape.cause,
        late: stepSchema.shape.late,
        action: stepSchema.shape.action,
        reason: z.exactOptional(text),
      }),
    )
    .meta({ description: 'The last runs that had something to do with it, newest first.' }),
});

/** `reconcile explain`: everything that the address or path names. */
export const explanationsSchema = z.array(explanation);

/** `reconcile digest`. */
export const digestSchema: z.ZodType<Digest> = z.object({
  schema: z.literal('reconcile.digest/1'),
  host: text,
  since: time,
  until: time,
  runs: z.object({ total: count, failed: count }),
  changes: z.array(z.object({ run: text, at: time, commit: text.nullable(), addresses: texts })),
  failures: z.array(z.object({ run: text, at: time, outcome, reason: text })),
  takenBack: z
    .array(z.object({ run: text, at: time, summary: text }))
    .meta({ description: 'Runs that a person took back. Their revisions are not applied again by themselves.' }),
  drift: z.object({
    healed: z.array(z.object({ address: text, times: count })),
    left: texts.meta({ description: 'What differs and is left as it is.' }),
  }),
  now: z
    .object({
      applied: text.nullable(),
      seen: text.nullable(),
      branch: text.nullable(),
      lastSuccess: time.nullable(),
      approval: approvalSchema.nullable(),
      suspended: z.object({ reason: text, by: text, until: time }).nullable(),
      contested: texts,
      stalled: text.nullable(),
      quarantine: z.object({ commit: text, reason: text }).nullable().meta({ description: 'The newest revision, where it is.' }),
      failed: z
        .object({ run: text, outcome, summary: text })
        .nullable()
        .meta({ description: 'The last run, where it failed and is not among the failures of the day.' }),
      differing: count.meta({ description: 'Resources that differ and are only reported.' }),
      updateTakenBack: z.object({ version: text, at: time }).nullable(),
      health: text.nullable().meta({ description: 'Which health check failed when they were last asked; null where none did.' }),
      fetch: text.nullable().meta({ description: 'Why fetching fails; null when it works.' }),
    })
    .nullable()
    .meta({ description: 'How it stands at the end; null where no agent runs.' }),
});

/** `reconcile deadman status`. */
export const deadmanStatusSchema: z.ZodType<DeadmanStatus> = z.object({
  agent: text,
  condition: z.enum(['well', 'dead', 'given-up', 'unwatched']),
  verdict: text,
  reasons: texts,
  checkedAt: time.nullable(),
  checkedAgo: z.number().int().nullable().meta({ description: 'Seconds.' }),
  misses: count.meta({ description: 'Bad checks in a row.' }),
  failures: count.meta({ description: 'How many of them are a death.' }),
  restarts: count,
  maxRestarts: count,
  rollbacks: count,
  deadmanActive: z.boolean(),
  config: text.meta({ description: 'Digest of what the agent is configured with now.' }),
  lastGood: z.object({ digest: text, at: time }).nullable(),
  unsent: count.meta({ description: 'Messages that nobody got yet.' }),
  unlogged: count,
});

/** `reconcile doctor`: one entry for each thing that a run needs. */
export const doctorSchema = z.array(z.object({ name: text, ok: z.boolean(), found: text, fix: z.exactOptional(text) }));

/** `reconcile now`: the run, and with `--wait` its report and how the agent stands then. */
export const nowSchema = z.object({
  run: text,
  report: z.exactOptional(reportSchema.nullable()),
  status: z.exactOptional(statusSchema),
});

/** `reconcile history`, newest first. */
export const historySchema = z.array(reportSchema);

/** `reconcile fleet rollout status`. */
export const rolloutStatusSchema = rolloutState.extend({ isAtWork: z.boolean(), wish: rolloutWish.nullable() });
