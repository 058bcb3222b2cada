import { didYouMean } from '../model/nearest.ts';
import type { PythonPattern } from '../model/python/pattern.ts';
import { TemplateFailure } from './template-failure.ts';
import { stringOf } from './template-text.ts';
import type { Call, Meter, Value } from './template-value.ts';

/** What filters and tests may ask of the render they are part of. */
export interface Tools extends Meter {
  /** Applies a filter by name, for `map`. */
  filter(name: string, input: Value, call: Call): Value;
  /** Applies a test by name, for `select` and its kin. */
  test(name: string, input: Value, call: Call): boolean;
  /** Runs work with a regular expression in Python's syntax, bounded in time; `flags` are `i` and `m`. */
  regex<T>(pattern: string, flags: string, subject: string, work: (expression: PythonPattern) => T): T;
}

export interface Filter {
  /** As `bindCall` takes them. */
  readonly params: readonly string[];
  /** An argument that was not given is undefined. */
  run(input: Value, given: readonly Value[], tools: Tools, call: Call): Value;
}

export interface Test {
  readonly params: readonly string[];
  run(input: Value, given: readonly Value[], tools: Tools): boolean;
}

/**
 * Puts positional and keyword arguments in the order of the parameters; a wrong one is a failure with the nearest right word.
 * Parameters are names, and arguments may be given either way. A last `*name` takes all further ones, and every keyword; a last
 * `/` says, as in Python, that none has a keyword.
 */
export function bindCall(subject: string, params: readonly string[], { positional, named }: Call): readonly Value[] {
  const last = params.at(-1);
  const isOpen = last?.startsWith('*') ?? false;
  const names = isOpen || last === '/' ? params.slice(0, -1) : params;
  const keywords = last === '/' ? [] : names;
  if (!isOpen && positional.length > names.length) {
    throw new TemplateFailure(`${subject} takes ${names.length} arguments, found ${positional.length}`);
  }
  const given: Value[] = [...positional];
  for (const [name, value] of named) {
    const index = keywords.indexOf(name);
    if (index >= 0 && index >= positional.length) given[index] = value;
    else if (index >= 0) throw new TemplateFailure(`${subject} is given "${name}" twice`);
    else if (!isOpen) {
      throw new TemplateFailure(`${subject} has no parameter "${name}"`, { hint: didYouMean(name, keywords) });
    }
  }
  return given;
}

/** A filter of a text alone. */
export const onText = (run: (text: string) => Value): Filter => ({
  params: [],
  run: (input, _given, tools) => run(stringOf(input, tools)),
});

/** An argument that must be given. */
export function required(value: Value, name: string): Value {
  if (value === undefined) throw new TemplateFailure(`the argument "${name}" is missing`);
  return value;
}
