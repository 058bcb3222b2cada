import type { KeyPath, LoadedFile } from '../model/located.ts';
import { Secret } from '../model/secret.ts';
import type { Compilation } from './compilation.ts';
import type { Evaluated } from './template-engine.ts';
import { withFloats, withoutFloats } from './template-number.ts';
import type { Scope } from './template-scope.ts';
import { typeName } from './template-value.ts';

/** A value of a document, and where it stands. */
export interface Written {
  readonly value: unknown;
  readonly source: LoadedFile;
  readonly path: KeyPath;
}

/** Renders every string of a written value, floats told apart; its problems are reported. Undefined when there are any. */
export function renderWritten({ value, source, path }: Written, scope: Scope, { engine, report }: Compilation): Evaluated {
  const done = engine.evaluateAll(withFloats(value, source.isFloat, path), scope, (inner) => source.at([...path, ...inner]));
  for (const problem of done.problems) report(problem);
  return done;
}

const yes = ['true', 'yes', 'on', '1'];
const no = ['false', 'no', 'off', '0', ''];

/**
 * Whether a `when` holds. It may be a bare expression, as in Ansible, or a template. Undefined when it has a problem or is
 * neither true nor false.
 */
export function renderCondition(
  written: Written,
  scope: Scope,
  compilation: Compilation,
): { readonly isTrue: boolean | undefined; readonly uses: Evaluated['uses'] } {
  const { value, source, path } = written;
  const isBare = typeof value === 'string' && !value.includes('{{') && !value.includes('{%');
  const text = isBare ? `{{ ${value} }}` : value;
  const done = renderWritten({ ...written, value: text }, scope, compilation);
  if (done.problems.length > 0) return { isTrue: undefined, uses: done.uses };
  const isTrue = truthOf(done.value);
  if (isTrue === undefined) {
    const message = `"when": expected true or false, found ${typeName(done.value)}`;
    const hint = isBare || typeof done.value !== 'string' ? undefined : 'write all of it without {{ and }}, as one expression';
    compilation.report({ code: 'wrong-type', message, at: source.at(path), ...(hint !== undefined && { hint }) });
  }
  return { isTrue, uses: done.uses };
}

function truthOf(given: unknown): boolean | undefined {
  const value = withoutFloats(given);
  if (typeof value === 'boolean') return value;
  if (value === null || value === 0) return false;
  if (typeof value === 'number') return true;
  if (value instanceof Secret) return truthOf(value.value());
  if (typeof value !== 'string') return undefined;
  const word = value.trim().toLowerCase();
  return yes.includes(word) ? true : no.includes(word) ? false : undefined;
}
