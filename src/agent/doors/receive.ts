import type { Readable } from 'node:stream';
import * as z from 'zod';
import type { AgentPort } from '../../model/agent.ts';
import type { VisitEvent } from '../../model/visit.ts';
import { openVisitInput } from '../../operations/read-visit.ts';
import { openVisitPlace } from '../../operations/visit-place.ts';
import { visitLine } from '../../report/render-visit.ts';
import { greetingSchema } from '../../report/visit-schema.ts';
import { keepOpen } from './connections.ts';
import { failure, type DoorServer } from './server.ts';

const events = z
  .string()
  .meta({ description: 'One event in each line; the last one is `finished` or `declined`.', media: 'application/x-ndjson' });

/** For `reconcile fleet`, which sends revisions: what `model/visit.ts` says, over the control socket. */
export async function addReceive(server: DoorServer, port: AgentPort, stateDirectory: string): Promise<void> {
  server.get(
    '/greeting',
    { schema: { summary: 'What an operator is told before a push.', response: { 200: greetingSchema } } },
    () => port.greeting(),
  );
  await server.register(async (scope: DoorServer) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('application/octet-stream', (_request, body, done) => done(null, body));
    scope.post(
      '/receive',
      {
        schema: {
          summary: 'Take a revision: a line with the order, and behind it a git bundle.',
          response: { 200: events, 400: failure },
        },
      },
      async ({ raw, body }, reply) => {
        void reply.hijack();
        keepOpen(raw.socket);
        const answer = reply.raw;
        const gone = new AbortController();
        answer.once('close', () => gone.abort(new Error('the operator has gone')));
        // Whatever is left of the request is not read. Who asks closes the connection: closed from here while they still send,
        // the answer would be lost to them.
        answer.writeHead(200, { 'content-type': 'application/x-ndjson', 'cache-control': 'no-store' });
        const tell = (said: VisitEvent): void => void answer.write(visitLine(said, new Date().toISOString()));
        try {
          await take(body as Readable, { port, stateDirectory, tell, gone: gone.signal });
        } catch (error) {
          if (!gone.signal.aborted) tell({ type: 'declined', exit: 'error', message: (error as Error).message });
        }
        answer.end();
      },
    );
  });
}

interface Visitor {
  readonly port: AgentPort;
  readonly stateDirectory: string;
  readonly tell: (said: VisitEvent) => void;
  readonly gone: AbortSignal;
}

async function take(body: Readable, { port, stateDirectory, tell, gone }: Visitor): Promise<void> {
  const input = openVisitInput(body, gone);
  const order = await input.readOrder();
  if ('type' in order) return tell(order);
  using place = openVisitPlace(stateDirectory);
  const bundle = await input.readBundle(order, place.path);
  if (bundle && 'type' in bundle) return tell(bundle);
  await port.receive(order, { bundle: bundle?.path, place: place.path }, tell, gone);
}
