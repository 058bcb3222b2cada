import { readdirSync, readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { metricTable } from '../../src/agent/doors/metric-table.ts';
import { commandTable } from '../../src/cli/command-table.ts';
import { jsonSchemas } from '../../src/report/json-schemas.ts';
import { commonAttributes, roleDocument } from '../../src/model/document.ts';
import { exitCodes } from '../../src/model/exit-code.ts';
import { problemTable } from '../../src/model/problem.ts';
import { loadResourceTypes } from '../../src/resources/registry.ts';

type Properties = Readonly<Record<string, { readonly description?: string; readonly default?: unknown }>>;

const resourceTypes = await loadResourceTypes();

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ');
const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((row) => `| ${row.map(cell).join(' | ')} |`.replaceAll('| --- ', '|---')).join('\n');

/** What each kind takes, beside what every resource does. */
function kindAttributes(): string {
  const schemas = jsonSchemas(resourceTypes);
  return resourceTypes
    .map(({ kind, summary }) => {
      const schema = schemas.get(`kind-${kind}`)!;
      const required = schema['required'] as readonly string[];
      const rows = Object.entries(schema['properties'] as Properties)
        .filter(([name]) => name !== 'kind' && !(name in commonAttributes))
        .map(([name, { description, default: standard }]) => [
          `\`${name}\`${required.includes(name) ? ' (required)' : ''}`,
          `${description ?? ''}${standard === undefined ? '' : ` Default: \`${JSON.stringify(standard)}\`.`}`,
        ]);
      return `### \`${kind}\`\n\n${summary}\n\n${table(['attribute', 'meaning'], rows)}`;
    })
    .join('\n\n');
}

/** The roles of this repository, as their documents say. */
function roleTables(): string {
  const directory = new URL('../../roles/', import.meta.url);
  return readdirSync(directory, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort()
    .map((name) => {
      const { summary, depends, parameters } = roleDocument.parse(
        parse(readFileSync(new URL(`${name}/role.yaml`, directory), 'utf8')),
      );
      const required = (parameters['required'] ?? []) as readonly string[];
      const rows = Object.entries((parameters['properties'] ?? {}) as Properties).map(
        ([parameter, { description, default: standard }]) => [
          `\`${parameter}\`${required.includes(parameter) ? ' (required)' : ''}`,
          `${description ?? ''}${standard === undefined ? '' : ` Default: \`${JSON.stringify(standard)}\`.`}`,
        ],
      );
      const after = depends.length === 0 ? '' : ` After ${depends.map((each) => `\`${each}\``).join(', ')}.`;
      const text = rows.length === 0 ? 'It has no parameters.' : table(['parameter', 'meaning'], rows);
      return `## \`${name}\`\n\n${summary}${after}\n\n${text}`;
    })
    .join('\n\n');
}

const commandRows = commandTable.map(({ name, arguments: argument, summary, options, example }) => {
  const flags = options.map(({ flags: text }) => `\`${text}\``).join(' ');
  return [`\`${['reconcile', name, argument].filter(Boolean).join(' ')}\``, summary, flags, `\`${example[0]}\``];
});

/** The generated tables of the documentation, by the name in their markers. */
export const referenceTables: Readonly<Record<string, () => string>> = {
  'exit-codes': () =>
    table(
      ['exit', 'meaning'],
      Object.values(exitCodes).map(({ code, meaning }) => [String(code), meaning]),
    ),
  'problem-codes': () =>
    table(
      ['code', 'exit', 'meaning'],
      Object.entries(problemTable).map(([code, { exit, meaning }]) => [`\`${code}\``, String(exit), meaning]),
    ),
  'common-attributes': () =>
    table(
      ['attribute', 'meaning'],
      Object.entries(commonAttributes).map(([name, schema]) => [`\`${name}\``, schema.meta()?.description ?? '']),
    ),
  metrics: () =>
    table(
      ['metric', 'type', 'labels', 'meaning'],
      Object.entries(metricTable).map(([name, { type, labels, help }]) => [`\`${name}\``, type, labels.join(', '), help]),
    ),
  commands: () => table(['command', 'what it does', 'options', 'example'], commandRows),
  kinds: () =>
    table(
      ['kind', 'what it is'],
      resourceTypes.map(({ kind, summary }) => [`[\`${kind}\`](schemas/README.md#${kind})`, summary]),
    ),
  'kind-attributes': kindAttributes,
  roles: roleTables,
};
