import type { FastifyReply } from 'fastify';
import * as z from 'zod';
import type { AgentPort } from '../../model/agent.ts';
import type { RunSummary } from '../../model/report.ts';
import { StateError } from '../../state/state-error.ts';
import { whileMade } from './connections.ts';
import type { DoorServer } from './server.ts';

interface Dashboard {
  readonly port: AgentPort;
  /** What a run would do now. */
  readonly check: AgentPort['check'];
}

const shownRuns = 50;

/** What the API says, as pages for people. Nothing here changes anything, either. The pages are loaded by who looks at them. */
export function addDashboard(server: DoorServer, { port, check }: Dashboard): void {
  server.get('/', async (_request, reply) => {
    const { hostPage } = await import('../../report/pages/host-page.ts');
    return send(reply, 'text/html', hostPage(port.status(), recorded(port)));
  });
  server.get('/plan', async ({ raw }, reply) => {
    const { runPage } = await import('../../report/pages/run-page.ts');
    return send(reply, 'text/html', runPage(await whileMade(raw.socket, check), './'));
  });
  server.get('/runs/:id', { schema: { params: z.object({ id: z.string().max(100) }) } }, async ({ params }, reply) => {
    const report = port.report(params.id);
    if (!report) return reply.code(404).send({ error: 'no run of that id is recorded', hint: 'the dashboard lists them' });
    const { runPage } = await import('../../report/pages/run-page.ts');
    return send(reply, 'text/html', runPage(report, '../'));
  });
  server.get('/dashboard.js', async (_request, reply) => {
    const { script } = await import('../../report/pages/assets.ts');
    return send(reply, 'text/javascript', script);
  });
  server.get('/dashboard.css', async (_request, reply) => {
    const { styles } = await import('../../report/pages/assets.ts');
    return send(reply, 'text/css', styles);
  });
}

/** Why there are none, where the state cannot be read: the status is for those who look then. */
function recorded(port: AgentPort): readonly RunSummary[] | string {
  try {
    return port.summaries(shownRuns);
  } catch (error) {
    if (error instanceof StateError) return `${error.message}; ${error.hint}`;
    throw error;
  }
}

/** A page loads its own script and styles, asks its own host, and nothing else; no other page may frame it. */
const policy = [
  "default-src 'none'",
  ...['script-src', 'style-src', 'connect-src'].map((name) => `${name} 'self'`),
  ...['base-uri', 'form-action', 'frame-ancestors'].map((name) => `${name} 'none'`),
].join('; ');

const send = (reply: FastifyReply, type: string, text: string): FastifyReply =>
  reply
    .header('content-security-policy', policy)
    .header('x-content-type-options', 'nosniff')
    .header('referrer-policy', 'no-referrer')
    .header('cache-control', 'no-store')
    .type(`${type}; charset=utf-8`)
    .send(text);
