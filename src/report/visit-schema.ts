import * as z from 'zod';
import type { Event } from '../model/event.ts';
import { exitNames } from '../model/exit-code.ts';
import { visitProtocol, type Greeting, type VisitEvent } from '../model/visit.ts';
import { eventSchema } from './report-schema.ts';
import { statusSchema } from './status-schema.ts';

const commit = z.string().regex(/^[0-9a-f]{40}([0-9a-f]{24})?$/);

/** What a host says first, from either side of the conversation (`model/visit.ts`). */
export const greetingSchema: z.ZodType<Greeting> = z.object({
  type: z.literal('greeting'),
  protocol: z.literal(visitProtocol),
  version: z.string().max(100),
  host: z.string().max(255).nullable(),
  commits: z.array(commit).max(100),
  status: statusSchema.nullable(),
});

const declined = z.object({
  type: z.literal('declined'),
  exit: z.enum(exitNames),
  message: z.string().max(10_000),
  hint: z.exactOptional(z.string().max(10_000)),
});

/** Each line after it. */
export const visitEventSchema: z.ZodType<VisitEvent> = z.union([declined, eventSchema as unknown as z.ZodType<Event>]);
