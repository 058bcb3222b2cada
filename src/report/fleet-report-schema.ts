import * as z from 'zod';
import { hostVerdicts } from '../model/fleet-exit.ts';
import type { FleetEvent, FleetReport, HostOutcome } from '../model/fleet.ts';
import { reportSchema, runEventSchema } from './report-schema.ts';
import { statusSchema } from './status-schema.ts';

// The types are the definition; the annotations below make the compiler refuse a schema that says something else.
const text = z.string();
const texts = z.array(text);
const time = z.iso.datetime();
const count = z.number().int().min(0);
const action = z.enum(['check', 'push', 'apply', 'status', 'run', 'bootstrap']);

const outcome: z.ZodType<HostOutcome> = z.object({
  host: text,
  verdict: z.enum(hostVerdicts).meta({ description: 'How the run there ended, or why there was none.' }),
  message: text.meta({ description: 'One sentence for people.' }),
  hint: z.exactOptional(text),
  report: z.exactOptional(reportSchema),
  status: z.exactOptional(statusSchema),
  output: z.exactOptional(text.meta({ description: 'What the program of `fleet run` printed, cut to a bound.' })),
  attempts: count.meta({ description: 'Connections that were tried.' }),
  duration: z.number().meta({ description: 'Milliseconds.' }),
  wave: z.exactOptional(text),
});

/** `fleet ... -o json`. */
export const fleetReportSchema: z.ZodType<FleetReport> = z.object({
  schema: z.literal('reconcile.fleet/1'),
  id: text,
  action,
  startedAt: time,
  duration: z.number().meta({ description: 'Milliseconds.' }),
  version: text,
  revision: z
    .object({ commit: text, branch: text.nullable(), workingTree: z.boolean() })
    .nullable()
    .meta({ description: 'What was sent or compared with; null where no revision matters.' }),
  hosts: z.array(outcome).meta({ description: 'In the order of the inventory.' }),
  halted: text.nullable().meta({ description: 'Why a rollout stopped before all hosts had their turn.' }),
  exit: count,
});

const fleetEvents: z.ZodType<FleetEvent> = z.discriminatedUnion('type', [
  z.object({ type: z.literal('fleet-started'), action, hosts: texts }),
  z.object({ type: z.literal('connecting'), host: text, attempt: count }),
  z.object({ type: z.literal('waiting'), host: text, message: text, until: time }),
  z.object({ type: z.literal('step'), host: text, message: text }),
  z.object({ type: z.literal('host-event'), host: text, event: runEventSchema }),
  z.object({ type: z.literal('host-finished'), outcome }),
  z.object({ type: z.literal('wave-started'), wave: text, hosts: texts }),
  z.object({ type: z.literal('wave-finished'), wave: text, healthy: count, failed: count }),
  z.object({ type: z.literal('baking'), wave: text, until: time }),
  z.object({ type: z.literal('paused') }),
  z.object({ type: z.literal('resumed') }),
  z.object({ type: z.literal('halted'), wave: text, reason: text }),
  z.object({ type: z.literal('fleet-finished'), report: fleetReportSchema }),
]);

/** `fleet ... -o ndjson`: one line. */
export const fleetEventSchema = z.intersection(z.object({ schema: z.literal('reconcile.fleet-event/1'), ts: time }), fleetEvents);
