import type { RouteOptions } from 'fastify';
import * as z from 'zod';
import { version } from '../../model/version.ts';
import { failure, type DoorServer } from './server.ts';

declare module 'fastify' {
  interface FastifySchema {
    /** One sentence on what the route is for, for programs; pages have none. */
    readonly summary?: string;
  }
  interface FastifyContextConfig {
    /** Only those who bring the token may ask. */
    needsToken?: boolean;
  }
}

type Json = Readonly<Record<string, unknown>>;
/** Schemas that stand once in the document, by name. */
type NamedSchemas = Readonly<Record<string, z.ZodType>>;

/** Collects the routes that are added after this and say what they are for; the answer makes the OpenAPI document of them. */
export function documentRoutes(server: DoorServer, named: NamedSchemas): () => Json {
  const routes: RouteOptions[] = [];
  server.addHook('onRoute', (route) => void (route.schema?.summary !== undefined && routes.push(route)));
  return () => makeDocument(routes, { ...named, Failure: failure });
}

function makeDocument(routes: readonly RouteOptions[], named: NamedSchemas): Json {
  const registry = z.registry<{ readonly id: string }>();
  for (const [id, schema] of Object.entries(named)) registry.add(schema, { id });
  const uri = (id: string): string => `#/components/schemas/${id}`;
  const { schemas } = z.toJSONSchema(registry, { uri, unrepresentable: 'any', io: 'input' });
  const toSchema = (schema: z.ZodType): Json => {
    const id = registry.get(schema)?.id;
    return id === undefined ? withoutMeta(z.toJSONSchema(schema, { unrepresentable: 'any', io: 'input' })) : { $ref: uri(id) };
  };
  const paths: Record<string, Record<string, Json>> = {};
  for (const route of routes) {
    const path = route.url.replaceAll(/:(\w+)/g, '{$1}');
    (paths[path] ??= {})[String(route.method).toLowerCase()] = operation(route, toSchema);
  }
  return {
    openapi: '3.1.1',
    info: { title: 'timmy-reconciler: the agent of one host', version, license: { name: 'MIT', identifier: 'MIT' } },
    paths,
    components: {
      schemas: Object.fromEntries(Object.entries(schemas).map(([id, schema]) => [id, withoutMeta(schema)])),
      securitySchemes: { token: { type: 'http', scheme: 'bearer' } },
    },
  };
}

function operation({ schema, config }: RouteOptions, toSchema: (schema: z.ZodType) => Json): Json {
  const { summary, params, querystring, body, response } = schema ?? {};
  const parameters = [...parametersOf('path', params), ...parametersOf('query', querystring)];
  const answers = Object.entries((response ?? {}) as Readonly<Record<string, z.ZodType>>);
  const needsToken = config?.needsToken === true;
  const refusals = needsToken ? ['401', '403', '429'].map((status) => [status, failure] as const) : [];
  return {
    summary,
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(body
      ? { requestBody: { required: true, content: { 'application/json': { schema: toSchema(body as z.ZodType) } } } }
      : {}),
    ...(needsToken ? { security: [{ token: [] }] } : {}),
    responses: Object.fromEntries([...answers, ...refusals].map(([status, each]) => [status, responseOf(each, toSchema)])),
  };
}

function parametersOf(place: 'path' | 'query', schema: unknown): readonly Json[] {
  if (!(schema instanceof z.ZodObject)) return [];
  const { properties = {}, required = [] } = z.toJSONSchema(schema, { io: 'input' });
  return Object.entries(properties).map(([name, each]) => ({
    name,
    in: place,
    required: place === 'path' || required.includes(name),
    schema: each,
  }));
}

/** Texts are what the route says they are by its description; everything else is JSON. */
function responseOf(schema: z.ZodType, toSchema: (schema: z.ZodType) => Json): Json {
  const { description = 'see the schema', media } = (schema.meta() ?? {}) as {
    readonly description?: string;
    readonly media?: string;
  };
  if (schema instanceof z.ZodUndefined) return { description };
  return { description, content: { [media ?? 'application/json']: { schema: toSchema(schema) } } };
}

const withoutMeta = ({ $schema: _dialect, $id: _place, id: _id, media: _media, ...schema }: Json): Json => schema;
