import type { z } from 'zod';
import { checkValue, type Misfit } from '../model/check-value.ts';
import { isObject } from '../model/json.ts';
import type { KeyPath, LoadedFile } from '../model/located.ts';
import type { Problem } from '../model/problem.ts';
import { Secret } from '../model/secret.ts';
import { unquotedMode } from '../resources/attributes.ts';
import { asNumber, numberText, WholeFloat, withoutFloats } from './template-number.ts';
import { isMapping, SecretMapping } from './template-value.ts';

interface Checked<T> {
  /** Undefined when there are problems. */
  readonly value?: T | undefined;
  readonly problems: readonly Problem[];
}

/**
 * Checks a rendered value by its schema; every misfit is a problem at the place where the value was written, secrets in
 * places that would show them included, and wherever they would be keys. Where a text is expected and `"{{ port }}"` gave a number or a boolean, its text
 * (`8080`, `True`) is taken, since no quotes could say so. Not as a mode: the `0644` of an inventory is the number 420.
 */
export function checkAttributes<S extends z.ZodType>(
  schema: S,
  value: unknown,
  written: unknown,
  source: LoadedFile,
  path: KeyPath,
): Checked<z.output<S>> {
  const hidden = secretMappings(value, []).map((at) => secretKeys(at, source, path));
  if (hidden.length > 0) return { problems: hidden };
  const first = checkValue(schema, withoutFloats(value));
  const rendered = first.misfits.filter(
    (misfit) => isScalar(valueAt(value, misfit.path)) && typeof valueAt(written, misfit.path) === 'string',
  );
  const modes = rendered.filter(({ message }) => message === unquotedMode);
  const scalars = rendered.filter((misfit) => !modes.includes(misfit));
  const asTexts = scalars.reduce<unknown>((made, misfit) => withText(made, misfit.path), value);
  const { value: checked, misfits } = scalars.length === 0 ? first : checkValue(schema, withoutFloats(asTexts));
  // A number that fits no better as a text is best explained as the number that it is.
  const shown = scalars.some(({ path: at }) => misfits.some((misfit) => isSame(misfit.path, at))) ? first.misfits : misfits;
  const explained = shown.map((misfit) =>
    modes.some(({ path: at }) => isSame(misfit.path, at))
      ? { ...misfit, hint: 'put the quotes where the variable gets its value' }
      : misfit,
  );
  return { value: checked, problems: explained.map((misfit) => problemOf(misfit, value, source, path)) };
}

function problemOf({ code, path, isKey, message, hint }: Misfit, value: unknown, source: LoadedFile, base: KeyPath): Problem {
  const full = [...base, ...path];
  const name = nameOf(path);
  if (valueAt(value, path) instanceof Secret) {
    const reason = message.endsWith('got a secret') ? 'a secret would be visible here' : message;
    return { code: 'secret-not-allowed', message: `"${name}": ${reason}`, at: source.at(full) };
  }
  const at = isKey ? source.keyAt(full) : source.at(full);
  const subject = isKey || code === 'missing-key' || name === '' ? '' : `"${name}": `;
  return { code, message: `${subject}${message}`, at, ...(hint !== undefined && { hint }) };
}

const nameOf = (path: KeyPath): string =>
  path.map((step, index) => (typeof step === 'number' ? `[${step}]` : index === 0 ? step : `.${step}`)).join('');

function secretMappings(value: unknown, path: KeyPath): readonly KeyPath[] {
  if (value instanceof SecretMapping) return [path];
  if (Array.isArray(value)) return value.flatMap((item, index) => secretMappings(item, [...path, index]));
  if (!isMapping(value)) return [];
  return Object.entries(value).flatMap(([key, member]) => secretMappings(member, [...path, key]));
}

const secretKeys = (path: KeyPath, source: LoadedFile, base: KeyPath): Problem => ({
  code: 'secret-not-allowed',
  message: `"${nameOf(path)}": a secret went into the keys of this mapping, and they would be visible here`,
  at: source.at([...base, ...path]),
  hint: 'name its keys in git, as in `user: "{{ mapping.user }}"`, or make one text of it with `to_json`',
});

const isScalar = (value: unknown): boolean => typeof asNumber(value) === 'number';

const isSame = (a: KeyPath, b: KeyPath): boolean => a.length === b.length && a.every((step, index) => step === b[index]);

const valueAt = (value: unknown, path: KeyPath): unknown =>
  path.reduce<unknown>((inner, step) => {
    if (Array.isArray(inner)) return inner[Number(step)] as unknown;
    return isObject(inner) && Object.hasOwn(inner, step) ? inner[step] : undefined;
  }, value);

function withText(value: unknown, [step, ...rest]: KeyPath): unknown {
  if (step === undefined)
    return value instanceof WholeFloat ? numberText(value) : value === true ? 'True' : value === false ? 'False' : String(value);
  if (Array.isArray(value))
    return value.map((item, index) => (index === Number(step) ? withText(item, rest) : (item as unknown)));
  const entries = Object.entries(value as object) as [string, unknown][];
  return Object.fromEntries(entries.map(([key, member]) => [key, key === step ? withText(member, rest) : member]));
}
