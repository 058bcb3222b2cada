import type { Problem } from '../model/problem.ts';
import { Secret } from '../model/secret.ts';
import { TemplateFailure } from './template-failure.ts';
import { WholeFloat } from './template-number.ts';
import { Callable, isMapping, membersOf, type Meter, SecretMapping, Undefined, type Value } from './template-value.ts';

export function toProblem({ code, message, hint, at }: TemplateFailure): Problem {
  return { code, message, ...(at && { at }), ...(hint !== undefined && { hint }) };
}

/** None where finding it would be more work than is left. */
export function hintOf(failure: TemplateFailure): string | undefined {
  try {
    return failure.hint;
  } catch (error) {
    if (error instanceof TemplateFailure) return undefined;
    throw error;
  }
}

/** Once a secret was looked at, messages keep only those quoted words that stand in the template. */
export function redact(message: string, revealed: ReadonlySet<string>, template: string): string {
  if (revealed.size === 0) return message;
  const texts = [...revealed].filter((text) => text !== '').sort((a, b) => b.length - a.length);
  const plain = texts.reduce((made, text) => made.replaceAll(text, '<secret>'), message);
  return plain.replace(/"([^"]*)"/g, (whole, word: string) => (template.includes(word) ? whole : '"<secret>"'));
}

/** As in Ansible, the result ends in at least as many newlines as the template, also after a block tag, which eats one. */
export function withNewlines(made: string, text: string, newline: string): string {
  const count = (of: string): number => {
    let end = of.length;
    while (of[end - 1] === '\n') end--;
    return of.length - end;
  };
  return text.endsWith('\n') ? made + newline.repeat(Math.max(0, count(text) - count(made))) : made;
}

/** What stands between quotes or as a keyword in a template, and all texts in the values that it read: git shows them. */
export function publicTexts(template: string, values: Iterable<Value>, meter: Meter): ReadonlySet<string> {
  const found = new Set([...template.split(/['"]/), ...(template.match(/\w+(?=\s*=(?!=))/g) ?? [])]);
  const collect = (value: Value): void => {
    meter.spend(1);
    if (typeof value === 'string') found.add(value);
    else if (Array.isArray(value)) value.forEach(collect);
    else if (isMapping(value)) for (const [key, member] of Object.entries(value)) collect([key, member]);
  };
  for (const value of values) collect(value);
  return found;
}

/**
 * The value as it leaves the engine: nothing undefined, nothing lazy. Where a secret was looked at, strings and numbers are
 * `Secret`, and a mapping is a `SecretMapping` unless git shows each of its keys.
 */
export function seal(value: Value, isTouched: () => boolean, meter: Meter, depth = 0): Value {
  meter.spend(1);
  if (value instanceof Undefined) throw value.failure;
  if (typeof value === 'string' || typeof value === 'number') return isTouched() ? Secret.of(value) : value;
  if (value instanceof WholeFloat) return isTouched() ? Secret.of(value.value) : value;
  if (typeof value !== 'object' || value === null || value instanceof Secret || value instanceof SecretMapping) return value;
  if (depth > 200) throw new TemplateFailure('the value is nested too deeply', { code: 'too-large' });
  if (Array.isArray(value)) return value.map((item) => seal(item, isTouched, meter, depth + 1));
  const members = value instanceof Callable ? undefined : membersOf(value, meter);
  if (members === undefined) throw new TemplateFailure('a function is not a value');
  const sealed = Object.entries(members).map(([key, member]) => [key, seal(member, isTouched, meter, depth + 1)] as const);
  const made = Object.fromEntries(sealed);
  return sealed.every(([key]) => meter.isPublic(key)) ? made : new SecretMapping(made);
}
