import { Readable } from 'node:stream';
import * as z from 'zod';
import type { AgentPort } from '../../model/agent.ts';
import { reportSchema } from '../../report/report-schema.ts';
import { statusSchema } from '../../report/status-schema.ts';
import { whileMade } from './connections.ts';
import type { openEventStream } from './event-stream.ts';
import { failure, type DoorServer } from './server.ts';

interface Api {
  readonly port: AgentPort;
  /** What a run would do now. */
  readonly check: AgentPort['check'];
  readonly events: ReturnType<typeof openEventStream>;
  /** The OpenAPI document of the whole door. */
  readonly describe: () => Readonly<Record<string, unknown>>;
}

const stream = z
  .string()
  .meta({ description: 'Server-sent events: `event:` is the type, `data:` the event.', media: 'text/event-stream' });

/** Everything that can be asked; nothing here changes anything. */
export function addApi(server: DoorServer, { port, check, events, describe }: Api): void {
  server.get(
    '/api/v1/status',
    { schema: { summary: 'What the agent does and knows.', response: { 200: statusSchema } } },
    async () => port.status(),
  );
  server.get(
    '/api/v1/runs',
    {
      schema: {
        summary: 'The reports of the last runs, newest first.',
        querystring: z.strictObject({ limit: z.coerce.number().int().min(1).max(200).default(20) }),
        response: { 200: z.array(reportSchema), 400: failure, 503: failure },
      },
    },
    async ({ query }, reply) => {
      const runs = port.summaries(query.limit).map(({ run }) => run);
      // Of what the schema says, as text.
      return reply.type('application/json; charset=utf-8').send(Readable.from(reportsAsJson(port, runs)) as never);
    },
  );
  server.get(
    '/api/v1/runs/:id',
    {
      schema: {
        summary: 'The report of one run.',
        params: z.object({ id: z.string().max(100) }),
        response: { 200: reportSchema, 404: failure, 503: failure },
      },
    },
    async ({ params }, reply) =>
      port.report(params.id) ?? reply.code(404).send({ error: 'no run of that id is recorded', hint: '/api/v1/runs lists them' }),
  );
  server.get(
    '/api/v1/plan',
    { schema: { summary: 'What a run would do now. Changes nothing.', response: { 200: reportSchema, 503: failure } } },
    ({ raw }) => whileMade(raw.socket, check),
  );
  for (const url of ['/events', '/api/v1/events'])
    server.get(
      url,
      { schema: { summary: 'Everything that happens, as it happens.', response: { 200: stream, 503: failure } } },
      async (request, reply) => events.attach(request, reply),
    );
  server.get(
    '/api/v1/openapi.json',
    { schema: { summary: 'This document.', response: { 200: z.looseObject({}).meta({ description: 'OpenAPI 3.1' }) } } },
    async () => describe(),
  );
}

/** One at a time, as they are read: diffs make reports large, and the unit of an agent has no room for 200. */
function* reportsAsJson(port: AgentPort, runs: readonly string[]): Generator<string> {
  let before = '[';
  for (const run of runs) {
    const report = port.report(run);
    // Newer runs may have pushed it out meanwhile.
    if (!report) continue;
    yield before + JSON.stringify(report);
    before = ',';
  }
  yield before === '[' ? '[]' : ']';
}
