import { inGeneral, type SourcePosition } from '../model/problem.ts';
import { findPart } from './find-part.ts';
import { TemplateFailure } from './template-failure.ts';
import { readHeader, type Whitespace } from './template-header.ts';
import { applyFilter, applyTest, globalNames, globalOf } from './template-library.ts';
import type { Node } from './template-nodes.ts';
import type { Frame, Render } from './template-render.ts';
import { hintOf, publicTexts, redact, seal } from './template-result.ts';
import type { Scope, Variables } from './template-scope.ts';
import { makeMacro, renderStatement, renderTemplate } from './template-statement.ts';
import { gather, type Value } from './template-value.ts';

/** How deeply macros, includes and blocks may call each other. */
const deepestCall = 40;
const mostProblems = 50;

/** What is rendered, and for what. */
export interface Target {
  readonly scope: Scope;
  /** Undefined for a scalar, whose problems all stand at `at`. */
  readonly file: string | undefined;
  readonly at: SourcePosition | undefined;
  readonly directories?: readonly string[];
  /** The text itself is a secret. */
  readonly isSecret?: boolean;
  /** Of the inventory, where a text may be the list or mapping that it says. */
  readonly isVariable?: boolean;
}

/** What all renders of one engine share. */
export interface Workshop {
  readonly spend: Render['spend'];
  readonly regex: Render['regex'];
  /** `outer`: the white space of the template that it becomes part of. */
  parse(text: string, file: string | undefined, outer?: Whitespace): Node;
  readonly resolve: Variables['resolve'];
  /** The text of a file of the repository; undefined when there is none. */
  readTemplate(path: string): string | undefined;
}

/** What is left of a render when the work is done. */
export interface Rendered {
  /** Undefined where something failed. */
  readonly value: Value;
  readonly failures: readonly TemplateFailure[];
  /** The variables that were read, directly or through others, each with its layer. */
  readonly uses: ReadonlyMap<string, string>;
  /** Every name that was asked for, found or not. */
  readonly asked: ReadonlySet<string>;
  /** Whether a secret was looked into. */
  isTouched(): boolean;
}

/** Has `work` render one text: keeps what it reads, reveals and reports, and turns what it throws into failures. */
export function runTemplate(text: string, target: Target, shared: Workshop, work: (render: Render) => Value): Rendered {
  const uses = new Map<string, string>();
  const asked = new Set<string>();
  const failures: TemplateFailure[] = [];
  const revealed = new Set<string>(target.isSecret ? [text] : []);
  /** What of the template git shows. */
  const publicText = target.isSecret ? '' : text;
  const read = new Set<Value>();
  let shown: { readonly of: number; readonly texts: ReadonlySet<string> } | undefined;
  let { file } = target;
  let depth = 0;
  const render: Render = {
    place: undefined,
    spend: shared.spend,
    regex: shared.regex,
    get file() {
      return file;
    },
    reveal(secret) {
      revealed.add(secret.reveal());
      return secret.value();
    },
    open(mapping) {
      const members = mapping.reveal();
      for (const key of Object.keys(members)) revealed.add(key);
      return members;
    },
    isPublic(key) {
      if (revealed.size === 0) return true;
      if (shown?.of !== read.size) shown = { of: read.size, texts: publicTexts(publicText, read, render) };
      return shown.texts.has(key);
    },
    filter: (name, input, call) => applyFilter(name, input, call, render),
    test: (name, input, call) => applyTest(name, input, call, render),
    position: ({ lineno, colno }) => (file === undefined ? target.at : { file, line: lineno + 1, column: colno + 1 }),
    resolve(name) {
      const found = shared.resolve(target.scope, name);
      asked.add(name);
      if (found === undefined) return globalOf(name, render);
      for (const [used, layer] of found.uses) uses.set(used, layer);
      for (const word of found.asked) asked.add(word);
      read.add(found.value);
      return found.value;
    },
    *names(frame) {
      for (let inner: Frame | undefined = frame; inner !== undefined; inner = inner.parent) yield* inner.values.keys();
      yield* target.scope.names();
      yield* globalNames;
    },
    capture: (body, frame) =>
      gather(render, (page) => {
        const to = { write: page, blocks: new Map() };
        if (body.typename === 'Root' && file !== undefined) renderTemplate(body, frame, to, render);
        else renderStatement(body, frame, to, render);
      }),
    macro: (node, frame) => makeMacro(node, frame, render),
    template(name) {
      const beside = target.file?.slice(0, target.file.lastIndexOf('/'));
      const directories = [...(target.directories ?? []), ...(beside === undefined ? [] : [beside])];
      const found = findPart(name, directories, shared.readTemplate);
      return found && { root: shared.parse(found.text, found.path, readHeader(text, '').whitespace), file: found.path };
    },
    within(inner, go) {
      const outer = file;
      if (++depth > deepestCall)
        throw new TemplateFailure('macros, includes and blocks call each other too deeply', { code: 'cycle' });
      file = inner;
      try {
        return go();
      } finally {
        file = outer;
        depth--;
      }
    },
    note(failure) {
      if (failures.length >= mostProblems) throw failure;
      failures.push(fail(failure));
    },
  };
  const fail = (error: unknown): TemplateFailure => {
    if (error instanceof RangeError) return new TemplateFailure('nested too deeply', { code: 'too-large', at: target.at });
    if (!(error instanceof TemplateFailure)) throw error;
    const at = error.at ?? (render.place === undefined ? target.at : render.position(render.place));
    if (target.isSecret) return new TemplateFailure(`in an encrypted text: ${inGeneral(error.code)}`, { code: error.code, at });
    return new TemplateFailure(redact(error.message, revealed, text), { code: error.code, hint: hintOf(error), at });
  };
  let value: Value;
  try {
    value = seal(work(render), () => revealed.size > 0, render);
  } catch (error) {
    failures.push(fail(error));
  }
  return { value: failures.length > 0 ? undefined : value, failures, uses, asked, isTouched: () => revealed.size > 0 };
}
