import type { ProblemCode, SourcePosition } from '../model/problem.ts';

/** A function: what is undefined is mostly only asked about, and finding the nearest of thousands of names takes long. */
type Hint = string | undefined | (() => string | undefined);

/** What stops a render. The engine turns it into a Problem; it never leaves the engine. */
export class TemplateFailure extends Error {
  readonly code: ProblemCode;
  readonly #hint: Hint;
  /** Set where the place is known better than by the node that is being evaluated. */
  readonly at: SourcePosition | undefined;

  constructor(message: string, details: { code?: ProblemCode; hint?: Hint; at?: SourcePosition | undefined } = {}) {
    super(message);
    this.code = details.code ?? 'template-failed';
    this.#hint = details.hint;
    this.at = details.at;
  }

  get hint(): string | undefined {
    return typeof this.#hint === 'function' ? this.#hint() : this.#hint;
  }
}
