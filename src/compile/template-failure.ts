import type { ProblemCode, SourcePosition } from '../model/problem.ts';

/** What stops a render. The engine turns it into a Problem; it never leaves the engine. */
export class TemplateFailure extends Error {
  readonly code: ProblemCode;
  readonly hint: string | undefined;
  /** Set where the place is known better than by the node that is being evaluated. */
  readonly at: SourcePosition | undefined;

  constructor(message: string, details: { code?: ProblemCode; hint?: string | undefined; at?: SourcePosition | undefined } = {}) {
    super(message);
    this.code = details.code ?? 'template-failed';
    this.hint = details.hint;
    this.at = details.at;
  }
}
