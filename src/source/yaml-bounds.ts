import type { Problem } from '../model/problem.ts';

/** What one YAML file may hold. A file within these bounds is read in well under a second. */
export const yamlBounds = {
  /** Bytes. */
  bytes: 1024 * 1024,
  /** Nested mappings and lists, aliases resolved. */
  depth: 32,
  /** Keys and list items as written. */
  entries: 32_000,
  /** Words, signs, spaces and line ends as written. */
  tokens: 260_000,
  /** Values after aliases are resolved. */
  values: 100_000,
  /** Keys that all `<<` together bring in. */
  merged: 40_000,
  /** Problems that are listed for one file. */
  problems: 50,
} as const;

/** For a file that is not even read. */
export function sizeProblem(file: string, size: number): Problem | undefined {
  if (size <= yamlBounds.bytes) return undefined;
  const message = `the file has ${size} bytes; expected at most ${yamlBounds.bytes}`;
  return { code: 'too-large', message, at: { file, line: 1, column: 1 } };
}
