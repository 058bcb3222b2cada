import type { Json } from './json.ts';
import type { Problem, SourcePosition } from './problem.ts';

/** A key path into a document: `['resources', 0, 'path']`. */
export type KeyPath = readonly (string | number)[];

/** One YAML file as plain JSON, with the position of every key and value. */
export interface LoadedFile<Value = Json> {
  /** Relative to the repository, with `/`. */
  readonly file: string;
  readonly value: Value;
  /** The position of the value at `path`, or of its nearest existing ancestor. */
  at(path: KeyPath): SourcePosition;
  /** The position of the *key* at the end of `path`, for unknown and duplicate keys. */
  keyAt(path: KeyPath): SourcePosition;
  /**
   * The keys of the mapping at `path` in the order in which they are written. In `value`, those that look like whole numbers
   * come first.
   */
  keysOf(path: KeyPath): readonly string[];
  /** Whether the number at `path` is whole and written as a float, `8.0`. Absent where no number of the file is. */
  readonly isFloat?: ((path: KeyPath) => boolean) | undefined;
}

/** What a total stage returns beside its noun: everything that is wrong with the input. */
export interface WithProblems {
  readonly problems: readonly Problem[];
}
