import type * as z from 'zod';
import { checkValue, type Misfit } from '../model/check-value.ts';
import { isObject } from '../model/json.ts';
import type { KeyPath, LoadedFile } from '../model/located.ts';
import type { Problem } from '../model/problem.ts';
import { yamlBounds } from './yaml-bounds.ts';

/**
 * Checks a file by its schema; every misfit is a problem with its position. An empty file is an empty mapping. With
 * problems, `value` is what remains when the wrong keys are left out, so that later stages can find theirs too: use it
 * for nothing else. Undefined when nothing useful remains.
 */
export function checkDocument<S extends z.ZodType>(
  schema: S,
  loaded: LoadedFile,
): { readonly value: z.output<S> | undefined; readonly problems: readonly Problem[] } {
  const input = loaded.value ?? {};
  const { value, misfits } = checkValue(schema, input);
  const problems = misfits.slice(0, yamlBounds.problems).map((misfit) => problemAt(misfit, loaded));
  return { value: misfits.length === 0 ? value : salvage(schema, input, misfits), problems };
}

function problemAt({ code, path, isKey, message, hint }: Misfit, loaded: LoadedFile): Problem {
  const at = isKey ? loaded.keyAt(path) : loaded.at(path);
  const key = path.at(-1);
  const subject = isKey || code === 'missing-key' || typeof key !== 'string' ? '' : `"${key}": `;
  return { code, message: `${subject}${message}`, at, ...(hint === undefined ? {} : { hint }) };
}

/** Items of lists stay where they are: positions are found by index. */
function salvage<S extends z.ZodType>(schema: S, input: unknown, misfits: readonly Misfit[]): z.output<S> | undefined {
  const rest: unknown = structuredClone(input);
  for (const { path } of misfits) if (!removeAt(rest, path)) return undefined;
  const second = checkValue(schema, rest);
  return second.misfits.length === 0 ? second.value : undefined;
}

/** Removes the key at the path, or the nearest one above it that exists. */
function removeAt(root: unknown, path: KeyPath): boolean {
  for (let length = path.length; length > 0; length -= 1) {
    const holder = path.slice(0, length - 1).reduce<unknown>((value, step) => {
      const isHolder = typeof value === 'object' && value !== null && Object.hasOwn(value, step);
      return isHolder ? (value as Record<string, unknown>)[step] : undefined;
    }, root);
    const key = String(path[length - 1]);
    if (isObject(holder) && Object.hasOwn(holder, key)) return Reflect.deleteProperty(holder, key);
  }
  return false;
}
