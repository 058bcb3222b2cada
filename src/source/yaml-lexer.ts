import { Lexer } from 'yaml';

type Step = Generator<string, unknown>;

/** What the library's lexer is made of. Its types keep that to themselves. */
interface Steps {
  /** Columns by which what follows has to be indented. */
  indentNext: number;
  parseQuotedScalar: () => Step;
  parseFlowCollection: () => Step;
}

/**
 * A lexer for what stands between quotes or brackets as PyYAML, and so Ansible, reads it: wherever its lines begin. YAML, and the library,
 * want them indented further than the key: `packages: [`, `a`, `]` in three lines at the margin, or `url: "{{ base`, `}}"`.
 */
export function createLooseLexer(): Lexer {
  const lexer = new Lexer();
  const steps = lexer as unknown as Steps;
  const { parseQuotedScalar, parseFlowCollection } = steps;
  steps.parseQuotedScalar = () => unindented(steps, parseQuotedScalar);
  steps.parseFlowCollection = () => unindented(steps, parseFlowCollection);
  return lexer;
}

function* unindented(steps: Steps, step: () => Step): Step {
  const { indentNext } = steps;
  steps.indentNext = 0;
  const next = yield* step.call(steps);
  steps.indentNext = indentNext;
  return next;
}
