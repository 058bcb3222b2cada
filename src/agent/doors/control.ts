import * as z from 'zod';
import type { AgentPort } from '../../model/agent.ts';
import { duration } from '../../model/document.ts';
import { milliseconds } from '../../model/duration.ts';
import { reportSchema } from '../../report/report-schema.ts';
import { statusSchema } from '../../report/status-schema.ts';
import { longestSuspension } from '../../state/suspension.ts';
import { failure, type DoorServer } from './server.ts';

const span = duration.refine((text) => milliseconds(text) <= longestSuspension, 'expected at most 365d');
const text = z.string().trim().min(1).max(1000);

/** What changes the agent's mind: only for those who may open the control socket. */
export function addControl(server: DoorServer, port: AgentPort): void {
  server.post(
    '/now',
    {
      schema: {
        summary: 'Look again now; with `wait`, answer when the run has ended.',
        body: z.strictObject({ wait: z.boolean().default(false) }).prefault({}),
        response: {
          200: z
            .object({ run: z.string(), report: reportSchema.nullable(), status: statusSchema })
            .meta({ description: 'The run has ended, and how the agent stands then.' }),
          202: z.object({ run: z.string() }).meta({ description: 'This run will look.' }),
          400: failure,
        },
      },
    },
    async ({ body }, reply) => {
      const { run } = port.trigger('control');
      if (!body.wait) return reply.code(202).send({ run });
      const report = (await port.ended(run)) ?? null;
      return { run, report, status: port.status() };
    },
  );
  server.post(
    '/suspend',
    {
      schema: {
        summary: 'Leave the host alone for a while.',
        body: z.strictObject({ for: span, reason: text, by: text }),
        response: { 200: statusSchema, 400: failure },
      },
    },
    async ({ body: { for: length, reason, by } }) => {
      port.suspend({ reason, by, until: new Date(Date.now() + milliseconds(length)).toISOString() });
      return port.status();
    },
  );
  server.post('/resume', { schema: { summary: 'End a suspension.', response: { 200: statusSchema } } }, async () => {
    port.resume();
    return port.status();
  });
  server.post(
    '/approve',
    {
      schema: {
        summary: 'Let the plan through that waits for a person.',
        body: z.strictObject({ run: text, by: text }),
        response: { 200: statusSchema, 400: failure, 404: failure },
      },
    },
    async ({ body: { run, by } }, reply) =>
      port.approve(run, by)
        ? port.status()
        : reply.code(404).send({ error: `no run ${run} waits for approval`, hint: 'reconcile status shows what waits' }),
  );
}
