import { nearest } from '../../model/nearest.ts';
import { ExitError } from '../../model/exit-error.ts';
import type { Invocation } from '../invocation.ts';
import { jsonSchemas } from '../../report/json-schemas.ts';
import { loadResourceTypes } from '../../resources/registry.ts';
import { writeJson } from '../run-output.ts';

/** Prints a JSON Schema, or the names and titles of all. */
export async function run({ arguments: [name] }: Invocation): Promise<number> {
  const schemas = jsonSchemas(await loadResourceTypes());
  if (name === undefined) {
    for (const [known, { title }] of schemas) process.stdout.write(`${known.padEnd(22)}  ${String(title)}\n`);
    return 0;
  }
  const schema = schemas.get(name) ?? schemas.get(`kind-${name}`);
  if (!schema) {
    const close = nearest(
      name,
      [...schemas.keys()].flatMap((known) => [known, known.replace(/^kind-/, '')]),
    );
    throw new ExitError('usage', `no schema '${name}'`, close ? `did you mean ${close}?` : 'reconcile schema lists them');
  }
  writeJson(schema);
  return 0;
}
