import * as z from 'zod';
import type { Event } from '../model/event.ts';
import { exitNames } from '../model/exit-code.ts';
import type { Json } from '../model/json.ts';
import { problemTable, type ProblemCode } from '../model/problem.ts';
import type { Report } from '../model/report.ts';

// The types are the definition; the annotations below make the compiler refuse a schema that says something else.
const text = z.string();
const texts = z.array(text);
// To abort is to stop at the first of a list that is wrong, where the caller asks for that.
const count = z.int({ abort: true }).min(0, { abort: true });
const position = z.object({ file: text, line: count, column: count });
const json = z.unknown() as z.ZodType<Json>;

const change = z.object({
  field: text.meta({ description: 'content, mode, model.default; for a tree the relative path.' }),
  from: json.meta({ description: 'What stood there: a short value or a digest, never contents. Null: nothing.' }),
  to: json,
  sensitive: z.exactOptional(z.literal(true)),
});

export const stepSchema = z.object({
  address: text.meta({ description: 'kind[id]' }),
  kind: text,
  cause: z.enum(['converged', 'upstream', 'drift', 'conflict', 'adopted', 'orphan', 'unmanaged']),
  late: z.exactOptional(z.literal(true)).meta({ description: 'The run itself has brought what it changes here.' }),
  action: z.enum(['create', 'update', 'replace', 'remove', 'none']),
  outcome: z.enum(['unchanged', 'pending', 'changed', 'failed', 'restored', 'not-reached', 'held']),
  changes: z.array(change),
  diffs: z.array(z.object({ path: text, text: text.meta({ description: 'Unified diff, or a sentence in its place.' }) })),
  origin: text.meta({ description: 'file:line:column' }),
  role: z.exactOptional(text),
  reason: z.exactOptional(text),
  refreshes: texts,
});

const check = z.object({ name: text, ok: z.boolean(), message: z.exactOptional(text) });

export const problemSchema = z.object({
  code: z.enum(Object.keys(problemTable) as [ProblemCode, ...ProblemCode[]]),
  message: text,
  at: z.exactOptional(position),
  related: z.exactOptional(z.array(position)),
  address: z.exactOptional(text),
  hint: z.exactOptional(text),
});

/** A change that is taken back unless it is confirmed in time. */
export const confirmationSchema = z.object({
  run: text,
  state: z.enum(['waiting', 'confirmed', 'taken-back']),
  by: z.enum(['remote', 'person']),
  because: texts.meta({ description: 'Resources that can cut the host off.' }),
  until: z.iso.datetime(),
});

const uncommitted = z.exactOptional(z.literal(true)).meta({
  description:
    'Of a run from a working tree that has something to do; a check does not ask: files of it are not as the commit has them.',
});

/** `-o json`, `history`, `show`: one run. */
export const reportSchema: z.ZodType<Report> = z.object({
  schema: z.literal('reconcile.report/1'),
  run: text,
  host: text,
  action: z.enum(['check', 'converge', 'rollback']),
  startedAt: z.iso.datetime(),
  duration: z.number().meta({ description: 'Milliseconds.' }),
  version: text,
  revision: z.object({
    commit: text.nullable(),
    branch: text.nullable(),
    workingTree: z.boolean(),
    uncommitted,
    key: text,
  }),
  root: text.nullable(),
  outcome: z.enum(exitNames),
  exit: count,
  summary: text.meta({ description: 'One sentence for people.' }),
  counts: z.object({
    resources: count,
    converged: count,
    create: count,
    update: count,
    remove: count,
    held: count,
    failed: count,
    adopted: count,
  }),
  steps: z.array(stepSchema).meta({ description: 'Every step that is not plainly converged.' }),
  refreshes: z.array(check),
  health: z.array(check),
  problems: z.array(problemSchema),
  planDigest: text.nullable(),
  recovered: texts.meta({ description: 'What an interrupted earlier run left behind and this one restored.' }),
  unrestored: z
    .exactOptional(z.array(z.object({ run: text, faults: texts, isOpen: z.boolean() })))
    .meta({ description: 'What could not be put back, by run that was taken back. isOpen: the next run tries it again first.' }),
  writes: count.meta({ description: "Writes to the host's files; always 0 for a check." }),
  opensAt: z
    .exactOptional(z.iso.datetime())
    .meta({ description: 'Of what a maintenance window keeps away: when one is open next, where that is known.' }),
  takenBack: z.exactOptional(texts).meta({ description: 'Of a rollback: the runs that it took back, newest first.' }),
  confirmation: z
    .exactOptional(confirmationSchema)
    .meta({ description: 'Of a run that could cut the host off, or that found such a run waiting.' }),
  retriable: z
    .exactOptional(z.literal(true))
    .meta({ description: 'The run was taken back, and nothing speaks against trying the same revision again.' }),
});

/** An event as such, without what `-o ndjson` puts around it. */
export const runEventSchema: z.ZodType<Event> = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('run-started'),
    run: text,
    host: text,
    revision: text,
    workingTree: z.exactOptional(z.literal(true)).meta({ description: 'What counts is the working tree around that commit.' }),
  }),
  z.object({
    type: z.literal('recovered'),
    run: text,
    addresses: texts,
    aside: z.exactOptional(texts),
    faults: z.exactOptional(texts),
  }),
  z.object({ type: z.literal('planned'), run: text, steps: z.array(stepSchema), digest: text, uncommitted }),
  z.object({ type: z.literal('applying'), run: text, address: text, done: count, total: count }),
  z.object({ type: z.literal('refreshing'), run: text, address: text }),
  z.object({ type: z.literal('verifying'), run: text }),
  z.object({ type: z.literal('rolling-back'), run: text, reason: text }),
  z.object({ type: z.literal('finished'), run: text, report: reportSchema }),
]);

/** `-o ndjson`: one line. */
export const eventSchema = z.intersection(
  z.object({ schema: z.literal('reconcile.event/1'), ts: z.iso.datetime() }),
  runEventSchema,
);
