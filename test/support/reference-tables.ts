import { commandTable } from '../../src/cli/command-table.ts';
import { jsonSchemas } from '../../src/report/json-schemas.ts';
import { commonAttributes } from '../../src/model/document.ts';
import { exitCodes } from '../../src/model/exit-code.ts';
import { problemTable } from '../../src/model/problem.ts';
import { resourceTypes } from '../../src/resources/registry.ts';

type Properties = Readonly<Record<string, { readonly description?: string; readonly default?: unknown }>>;

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ');
const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((row) => `| ${row.map(cell).join(' | ')} |`.replaceAll('| --- ', '|---')).join('\n');

function kindTables(): string {
  const schemas = jsonSchemas();
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

const commandRows = commandTable.map(({ name, arguments: argument, summary, options, example }) => {
  const flags = options.map(({ flags: text }) => `\`${text}\``).join(' ');
  return [`\`${['reconcile', name, argument].filter(Boolean).join(' ')}\``, summary, flags, `\`${example[0]}\``];
});

/** The tables of README.md, by the name in their markers. */
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
  commands: () => table(['command', 'what it does', 'options', 'example'], commandRows),
  kinds: kindTables,
};
