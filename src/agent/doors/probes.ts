import * as z from 'zod';
import { failedPass, type AgentPort } from '../../model/agent.ts';
import type { DoorServer } from './server.ts';

const health = z.object({ status: z.literal('ok') });
const readiness = z.object({ ready: z.boolean(), phase: z.string() });

interface Probes {
  readonly port: AgentPort;
  readonly metrics: { read(): Promise<string>; readonly contentType: string };
}

/** What monitoring asks for, without a token: nothing in it says what is on the host. */
export function addProbes(server: DoorServer, { port, metrics }: Probes): void {
  server.get(
    '/healthz',
    { schema: { summary: 'The agent is alive.', response: { 200: health.meta({ description: 'It is.' }) } } },
    async () => ({ status: 'ok' }) as const,
  );
  server.get(
    '/readyz',
    {
      schema: {
        summary: 'The agent follows its repository.',
        response: {
          200: readiness.meta({ description: 'It does.' }),
          503: readiness.meta({
            description: 'It is still starting, or stopping, or its last pass failed with an unexpected error.',
          }),
        },
      },
    },
    async (_request, reply) => {
      const status = port.status();
      const { phase } = status;
      const ready = phase !== 'starting' && phase !== 'stopping' && !failedPass(status);
      return reply.code(ready ? 200 : 503).send({ ready, phase });
    },
  );
  server.get(
    '/metrics',
    {
      schema: {
        summary: 'Metrics for Prometheus.',
        response: { 200: z.string().meta({ description: 'The text format.', media: 'text/plain' }) },
      },
    },
    async (_request, reply) => reply.type(metrics.contentType).send(await metrics.read()),
  );
}
