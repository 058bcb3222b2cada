import {
  fastify,
  type FastifyInstance,
  type FastifyReply,
  type FastifyServerOptions,
  type FastifyTypeProvider,
  type RawServerDefault,
} from 'fastify';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import * as z from 'zod';
import { StateError } from '../../state/state-error.ts';
import { ExitError } from '../../model/exit-error.ts';
import { turnAwayClients } from './client-errors.ts';
import { boundConnections } from './connections.ts';

/** Small values that go along with a line of the log. */
type About = Readonly<Record<string, string | undefined>>;

/** Where the doors say what they have to say. */
export interface DoorLog {
  warn(about: About, message: string): void;
  error(about: About, message: string): void;
}

/** zod schemas check what comes in, and type what goes out. */
interface ZodTypes extends FastifyTypeProvider {
  readonly validator: this['schema'] extends z.ZodType ? z.output<this['schema']> : unknown;
  readonly serializer: this['schema'] extends z.ZodType ? z.input<this['schema']> : unknown;
}

export type DoorServer = FastifyInstance<RawServerDefault, IncomingMessage, ServerResponse, FastifyInstance['log'], ZodTypes>;

/** Every answer that is not what was asked for. */
export const failure = z.object({ error: z.string(), hint: z.exactOptional(z.string()) });

/** Bytes. Forges cap the commits of a payload; what is larger all the same, the next poll finds. */
const largestBody = 262_144;
const mostConnections = 256;

interface ServerSettings {
  readonly log: DoorLog;
  /** Milliseconds until a connection on which nothing moves is closed, 0 for never. */
  readonly idle: number;
  /** Whether a request may take any time to arrive: an agent that is busy reads late what came at once. */
  readonly isPatient?: boolean;
}

/**
 * A server that has no routes yet, with all limits. Fastify's own are not enough: a request is read within 3 s only because
 * Node checks its connections twice a second here.
 */
export function makeServer({ log, idle, isPatient = false }: ServerSettings): DoorServer {
  const clients = turnAwayClients();
  const options: FastifyServerOptions = {
    clientErrorHandler: clients.turnAway,
    serverFactory(handler) {
      const http = createServer(
        {
          headersTimeout: isPatient ? 0 : 2_000,
          requestTimeout: isPatient ? 0 : 3_000,
          connectionsCheckingInterval: 500,
          keepAliveTimeout: 2_000,
          maxHeaderSize: 8_192,
          insecureHTTPParser: false,
        },
        handler,
      );
      http.maxRequestsPerSocket = 100;
      http.setTimeout(idle);
      boundConnections(http, mostConnections);
      clients.watch(http);
      return http;
    },
    bodyLimit: largestBody,
    trustProxy: false,
    exposeHeadRoutes: false,
    requestIdHeader: false,
    forceCloseConnections: true,
    onProtoPoisoning: 'error',
    onConstructorPoisoning: 'error',
    // Fastify's own would load ajv. The declared type is ajv's.
    schemaController: {
      compilersFactory: { buildValidator: () => validate as never, buildSerializer: () => () => JSON.stringify },
    },
  };
  const nothingHere = (reply: FastifyReply): FastifyReply => reply.code(404).send({ error: 'there is nothing here' });
  // What cannot be a path of anything, or is too long for one.
  const server = fastify({ ...options, frameworkErrors: (_error, _request, reply) => void nothingHere(reply) });
  server.setNotFoundHandler((_request, reply) => nothingHere(reply));
  server.setErrorHandler<Error & { readonly statusCode?: number; readonly hint?: string }>((error, request, reply) => {
    const { message, hint } = error;
    // What both say is for people, and who asks may know it.
    if (error instanceof ExitError || error instanceof StateError)
      return reply.code(503).send({ error: message, ...(hint !== undefined && { hint }) });
    const status = error.statusCode ?? 500;
    if (status < 500) return reply.code(status).send({ error: message });
    const said = hint === undefined ? message : `${message}; ${hint}`;
    log.error({ error: said, method: request.method, path: request.routeOptions.url }, 'a request failed');
    return reply.code(500).send({ error: 'the agent could not answer', hint: 'its log says why' });
  });
  return server.withTypeProvider<ZodTypes>();
}

function validate({ schema }: { readonly schema: unknown }): (value: unknown) => { value: unknown } | { error: Error } {
  return (value) => {
    // No body is null here.
    const { data, error } = (schema as z.ZodType).safeParse(value ?? undefined);
    return error ? { error: new Error(inWords(error)) } : { value: data };
  };
}

const inWords = ({ issues }: z.ZodError): string =>
  issues.map(({ path, message }) => [path.join('.'), message].filter((part) => part !== '').join(': ')).join('; ');
