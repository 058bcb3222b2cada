import * as z from 'zod';
import { commonAttributes, policyDocument, roleDocument, rolloutDocument, siteDocument } from '../model/document.ts';
import { hostPolicyDocument } from '../model/host-policy-document.ts';
import { isObject } from '../model/json.ts';
import {
  deadmanStatusSchema,
  digestSchema,
  doctorSchema,
  explanationsSchema,
  historySchema,
  nowSchema,
  rolloutStatusSchema,
  validationSchema,
} from './answer-schemas.ts';
import { fleetEventSchema, fleetReportSchema } from './fleet-report-schema.ts';
import { eventSchema, reportSchema } from './report-schema.ts';
import { statusSchema } from './status-schema.ts';
import type { AnyResourceType } from '../resources/resource-type.ts';
import { specOf } from '../resources/spec-of.ts';

type Schema = { readonly [key: string]: unknown };

const documents = {
  site: { schema: siteDocument, title: 'desired-state/site.yaml: which roles and resources go to which hosts' },
  role: { schema: roleDocument, title: 'roles/NAME/role.yaml: parameters, resources and health checks of a role' },
  policy: { schema: policyDocument, title: 'desired-state/policy.yaml: what is judged before the first write' },
  rollout: { schema: rolloutDocument, title: 'desired-state/rollout.yaml: waves and the rule for stopping' },
  'host-policy': { schema: hostPolicyDocument, title: '/etc/timmy-reconciler/host.yaml: what this host allows' },
} as const;

const outputs = {
  report: { schema: reportSchema, title: 'The report of one run: -o json, show' },
  event: { schema: eventSchema, title: 'One line of -o ndjson' },
  status: { schema: statusSchema, title: 'The agent of one host: reconcile status -o json, /api/v1/status' },
  history: { schema: historySchema, title: 'The runs that are kept: reconcile history -o json' },
  validation: { schema: validationSchema, title: 'reconcile validate -o json' },
  explanation: { schema: explanationsSchema, title: 'What is known of an address or a path: reconcile explain -o json' },
  digest: { schema: digestSchema, title: 'The last hours of one host: reconcile digest -o json' },
  now: { schema: nowSchema, title: 'reconcile now -o json' },
  doctor: { schema: doctorSchema, title: 'reconcile doctor -o json' },
  'deadman-status': { schema: deadmanStatusSchema, title: 'The watchdog of one agent: reconcile deadman status -o json' },
  'rollout-status': { schema: rolloutStatusSchema, title: 'reconcile fleet rollout status -o json' },
  'fleet-report': { schema: fleetReportSchema, title: 'The report of one fleet command: -o json' },
  'fleet-event': { schema: fleetEventSchema, title: 'One line of -o ndjson of a fleet command' },
} as const;

/**
 * JSON Schemas (2020-12) of everything users write and read, by name: the documents, each kind as `kind-file`, the outputs. Made from zod,
 * which stays the only definition. Values may be templates, so each attribute of a resource also takes a text with `{{`.
 */
export function jsonSchemas(types: readonly AnyResourceType[]): ReadonlyMap<string, Schema> {
  const kinds = types.map((type) => [type.kind, kindSchema(type)] as const);
  const schemas = new Map<string, Schema>();
  for (const [name, { schema, title }] of Object.entries(documents)) {
    schemas.set(name, { ...head(name, title), ...withResources(toSchema(schema), kinds) });
  }
  for (const [kind, schema] of kinds)
    schemas.set(`kind-${kind}`, { ...head(`kind-${kind}`, `The resource kind ${kind}`), ...schema });
  for (const [name, { schema, title }] of Object.entries(outputs)) {
    schemas.set(name, { ...head(name, title), ...toSchema(schema) });
  }
  return schemas;
}

const head = (name: string, title: string): Schema => ({
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  $id: `${name}.schema.json`,
  title,
});

/** `input`: what a person writes, before transforms. */
function toSchema(schema: z.ZodType): Schema {
  const { $schema: _always, ...rest } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
  return rest;
}

function kindSchema(type: AnyResourceType): Schema {
  const { kind, summary } = type;
  const own = toSchema(specOf(type));
  const common = toSchema(z.strictObject(commonAttributes));
  const properties = { ...(own['properties'] as Schema), ...(common['properties'] as Schema) };
  return {
    type: 'object',
    description: summary,
    properties: {
      kind: { const: kind },
      ...Object.fromEntries(Object.entries(properties).map(([name, schema]) => [name, orTemplate(schema as Schema)])),
    },
    required: ['kind', ...((own['required'] as readonly string[] | undefined) ?? [])],
    additionalProperties: false,
    ...(own['$defs'] ? { $defs: own['$defs'] } : {}),
  };
}

/** The schema itself where any text fits it already. */
function orTemplate(schema: Schema): Schema {
  const takesAnyText = schema['type'] === 'string' && !schema['pattern'] && !schema['enum'];
  if (takesAnyText || Object.keys(schema).every((key) => key === 'description')) return schema;
  const { description, default: standard, ...form } = schema;
  return {
    ...(description === undefined ? {} : { description }),
    ...(standard === undefined ? {} : { default: standard }),
    anyOf: [form, { type: 'string', pattern: '\\{[{%]' }],
  };
}

/** Puts the kinds in the place of the loose resource schema, wherever a document has a list of resources. */
function withResources(schema: Schema, kinds: readonly (readonly [string, Schema])[]): Schema {
  let isUsed = false;
  const replace = (value: unknown, key?: string): unknown => {
    if (Array.isArray(value)) return value.map((member) => replace(member));
    if (!isObject(value)) return value;
    if (key === 'resources' && value['type'] === 'array') {
      isUsed = true;
      return { ...value, items: { $ref: '#/$defs/resource' } };
    }
    return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, replace(member, name)]));
  };
  const replaced = replace(schema) as Schema;
  if (!isUsed) return replaced;
  const resource = {
    type: 'object',
    required: ['kind'],
    properties: { kind: { enum: kinds.map(([kind]) => kind) } },
    allOf: kinds.map(([kind]) => ({
      if: { properties: { kind: { const: kind } }, required: ['kind'] },
      // oxlint-disable-next-line unicorn/no-thenable -- a keyword of JSON Schema
      then: { $ref: `#/$defs/kind-${kind}` },
    })),
  };
  const defs = Object.fromEntries(kinds.map(([kind, kindOf]) => [`kind-${kind}`, kindOf]));
  return { ...replaced, $defs: { ...(replaced['$defs'] as Schema | undefined), resource, ...defs } };
}
