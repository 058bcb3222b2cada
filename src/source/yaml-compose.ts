import { Composer, Lexer, LineCounter, Parser, type CST, type Document, type ParsedNode } from 'yaml';
import type { Problem, SourcePosition } from '../model/problem.ts';
import { yamlBounds } from './yaml-bounds.ts';
import { createLooseLexer } from './yaml-lexer.ts';
import type { YamlVersion } from './yaml-scalar.ts';

/** The nodes of one YAML text, or what is wrong with it. */
interface Composed {
  /** Null for an empty file; undefined when problems forbid to go on. */
  readonly contents: ParsedNode | null | undefined;
  readonly position: (offset: number) => SourcePosition;
  readonly problems: readonly Problem[];
}

/**
 * Parses token by token and gives up at the first bound that is exceeded, before anything recurses: the library itself
 * has no bounds, and a stack overflow inside a regular expression ends the whole process. What it refuses of version 1.1 for
 * its indentation is read once more as PyYAML would. Never throws.
 */
export function composeYaml(file: string, text: string, version: YamlVersion): Composed {
  // The library makes an Error per complaint, 100,000 of them for a hostile file: their stacks would cost 100 MB.
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    const strict = composeBounded(file, text, version, new Lexer());
    if (version === '1.2' || strict.problems.every(({ hint, message }) => hint !== checkIndentation && message !== openText))
      return strict;
    const loose = composeBounded(file, text, version, createLooseLexer());
    return loose.contents === undefined ? strict : loose;
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

function composeBounded(file: string, text: string, version: YamlVersion, lexer: Lexer): Composed {
  // Not left to the parser, which counts no line ends inside of what it cannot read.
  const lines = new LineCounter();
  for (let start = 0; start >= 0; start = text.indexOf('\n', start) + 1 || -1) lines.addNewLine(start);
  const position = (offset: number): SourcePosition => {
    const { line, col } = lines.linePos(Math.max(0, Math.min(offset, text.length)));
    return { file, line: Math.max(1, line), column: Math.max(1, col) };
  };
  const failed = (...problems: Problem[]): Composed => ({ contents: undefined, position, problems });
  const parser = new Parser();
  const composer = new Composer({ version, schema: 'failsafe', resolveKnownTags: false, uniqueKeys: false, logLevel: 'silent' });
  const documents: Document.Parsed[] = [];
  const counts = { tokens: 0, entries: 0, errors: 0, started: 0 };
  let excess: Problem | undefined;
  let openQuote: number | undefined;
  let previous = '';

  const compose = (tokens: Iterable<CST.Token>): void => {
    for (const token of tokens) {
      if (token.type === 'document') counts.started += 1;
      if (token.type === 'document' && counts.started > 1) excess ??= secondDocument(position(token.offset));
      if (token.type === 'directive' && version === '1.2') excess ??= directive(position(token.offset));
      if (token.type === 'error') counts.errors += 1;
      if (excess || (token.type === 'error' && counts.errors > yamlBounds.problems)) return;
      documents.push(...composer.next(token));
    }
  };

  for (const lexeme of lexer.lex(text)) {
    const { offset } = parser;
    if (previous !== scalarFollows && isOpenQuote(lexeme)) openQuote ??= offset;
    previous = lexeme;
    compose(parser.next(lexeme));
    counts.tokens += 1;
    if (lexeme === ':' || lexeme === '-' || lexeme === ',' || lexeme === '?') counts.entries += 1;
    const bound = exceeded(counts, parser.stack);
    if (bound) excess ??= { code: 'too-large', message: bound, at: position(offset) };
    if (excess) return failed(excess);
  }
  compose(parser.end());
  if (excess) return failed(excess);
  documents.push(...composer.end());

  const [document] = documents;
  const errors = [...(document?.errors ?? []), ...composer.streamInfo().errors].map(({ code, message, pos }): Problem => {
    // The library finds the end of the file, not the quote that was left open.
    const isQuote = openQuote !== undefined && message.startsWith('Missing closing');
    const at = position(isQuote ? (openQuote ?? 0) : pos[0]);
    if (isQuote) return { code: 'yaml-syntax', message: openText, at };
    const hint = hints[code];
    return { code: 'yaml-syntax', message: explain(code, message), at, ...(hint !== undefined && { hint }) };
  });
  // One slip gives several errors: the first of each line says it.
  const problems = [...new Map(errors.reverse().map((problem) => [problem.at?.line, problem])).values()]
    .reverse()
    .slice(0, yamlBounds.problems);
  // No YAML that can be read has one there.
  const conflict = problems.length > 0 ? text.search(/^<{7} /m) : -1;
  if (conflict >= 0) return failed(unresolved(position(conflict)));
  return problems.length > 0 ? failed(...problems) : { contents: document?.contents ?? null, position, problems };
}

/** What the lexer says before a plain or block scalar. */
const scalarFollows = '\x1f';

const isOpenQuote = (lexeme: string): boolean =>
  (lexeme.startsWith('"') || lexeme.startsWith("'")) && (lexeme.length === 1 || !lexeme.endsWith(lexeme.charAt(0)));

/** Collections in the stack, plus the document and a scalar, bound the recursion of everything that follows. */
function exceeded(counts: { readonly tokens: number; readonly entries: number }, stack: readonly unknown[]): string | undefined {
  if (stack.length > yamlBounds.depth + 2) return `nested deeper than ${yamlBounds.depth} levels`;
  if (counts.entries > yamlBounds.entries) return `more than ${yamlBounds.entries} keys and list items in one file`;
  return counts.tokens > yamlBounds.tokens ? `more than ${yamlBounds.tokens} words and signs in one file` : undefined;
}

const secondDocument = (at: SourcePosition): Problem => ({
  code: 'yaml-syntax',
  message: 'a second YAML document begins here; expected one document per file',
  at,
});

const directive = (at: SourcePosition): Problem => ({
  code: 'yaml-syntax',
  message: 'YAML directives ("%") are not used here; expected plain YAML 1.2',
  at,
});

const unresolved = (at: SourcePosition): Problem => ({
  code: 'yaml-syntax',
  message: 'a conflict that git has left here',
  at,
  hint: 'choose between its two sides, and remove the lines with <<<<<<<, ======= and >>>>>>>',
});

const explanations: { readonly [code: string]: string } = {
  ALIAS_PROPS: 'an alias cannot have a tag or an anchor',
  BAD_DQ_ESCAPE: 'unknown escape in a double-quoted text; write a backslash as "\\\\" or use single quotes',
  BAD_DIRECTIVE: 'a directive ("%") that YAML does not know',
  DUPLICATE_KEY: 'the same key twice',
  TAB_AS_INDENT: 'a tab is used as indentation; expected spaces',
  UNEXPECTED_TOKEN: 'a character or word that YAML does not allow here',
  TAG_RESOLVE_FAILED: 'a tag that cannot be read',
};

const openText = 'a quote that is never closed';

const checkIndentation = 'check the indentation of this line and of the one above';

/** What people usually did. */
const hints: { readonly [code: string]: string } = {
  BAD_ALIAS: 'put a text that begins with "*" into quotes',
  BAD_INDENT: checkIndentation,
  BLOCK_AS_IMPLICIT_KEY: 'put a text that holds ": " into quotes, or check the indentation',
  MISSING_CHAR: checkIndentation,
  MULTILINE_IMPLICIT_KEY: 'a key ends in ": " and stands on one line; a text of several lines needs "|" or quotes',
};

/** The library's messages of the codes above may quote the file, which may hold secrets; the others are fixed sentences. */
const explain = (code: string, message: string): string =>
  explanations[code] ?? message.charAt(0).toLowerCase() + message.slice(1, 200);
