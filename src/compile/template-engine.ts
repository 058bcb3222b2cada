import type { Problem, SourcePosition } from '../model/problem.ts';
import { readPythonPattern } from '../model/python/pattern.ts';
import { Secret, type Secrets, holdsSecret } from '../model/secret.ts';
import { parseTemplate } from './parse-template.ts';
import { evaluateExpression } from './template-expression.ts';
import { TemplateFailure } from './template-failure.ts';
import { readHeader, type Whitespace } from './template-header.ts';
import { readLiteral, soleExpression } from './template-literal.ts';
import type { Node } from './template-nodes.ts';
import { WholeFloat } from './template-number.ts';
import { createRegexRunner } from './template-regex.ts';
import type { Frame } from './template-render.ts';
import { toProblem, withNewlines } from './template-result.ts';
import { runTemplate, type Rendered, type Target, type Workshop } from './template-run.ts';
import { createVariables, openTagged, type RenderedText, type Scope, secretsMapping } from './template-scope.ts';
import { type LazyMapping, Undefined } from './template-value.ts';

/** Steps (nodes, items, 64 characters) that one render, and all renders of one engine together, may take. */
const stepsPerRender = 1_000_000;
const stepsPerEngine = 12_000_000;
/** nunjucks reads character by character. */
const stepsPerCharacter = 2;

/** What a render gives. `value` is undefined when there are problems; floats are as `template-number.ts` has them. */
export interface Evaluated {
  readonly value: unknown;
  readonly problems: readonly Problem[];
  /** A secret went into the value; strings and numbers that one went into are `Secret` values. */
  readonly touchedSecret: boolean;
  /** The variables that were read, directly or through others, each with its layer. */
  readonly uses: readonly { readonly name: string; readonly layer: string }[];
}

export interface TemplateEngine {
  /**
   * Renders one scalar. A text that is exactly one `{{ expression }}` keeps the expression's type; anything else is a string.
   * Problems stand at `at`.
   */
  evaluate(text: string, scope: Scope, at: SourcePosition): Evaluated;
  /** Renders every string of a value; keys stay as they are. Vault and unsafe values are understood. */
  evaluateAll(value: unknown, scope: Scope, at: (path: readonly (string | number)[]) => SourcePosition): Evaluated;
  /** Renders a template file; problems stand at the place inside it. `include` and its kin look in `directories`, then beside the file. */
  renderFile(file: string, text: string | Secret, scope: Scope, directories: readonly string[]): Evaluated;
  /** Another scope's variables as a mapping, rendered when they are looked up: one entry of `hostvars`. */
  variablesOf(scope: Scope): LazyMapping;
  /** `secrets.NAME`. */
  readonly secrets: LazyMapping;
}

interface TemplateOptions {
  readonly secrets: Secrets;
  /** The text of a file of the repository; undefined when there is none. */
  readonly readTemplate: (path: string) => string | undefined;
}

const hasMarks = (text: string): boolean => text.includes('{{') || text.includes('{%') || text.includes('{#');

/**
 * Jinja as people know it from Ansible, strict and closed in: nunjucks parses, the nodes are evaluated here, so that nothing
 * in a template can reach JavaScript, the machine or the clock, and work is counted. Undefined variables are problems wherever they
 * are used, except by `is defined`, `default` and `mandatory`. Null prints as nothing, booleans as `True` and `False`.
 */
export function createTemplateEngine({ secrets, readTemplate }: TemplateOptions): TemplateEngine {
  const parsed = new Map<string, Node>();
  const regex = createRegexRunner(readPythonPattern);
  let stepsLeft = stepsPerEngine;
  let renderLeft = stepsPerRender;

  const spend = (steps: number): void => {
    const isRefused = steps > renderLeft || steps > stepsLeft;
    const whose = steps > renderLeft ? 'the template does' : 'the templates of this host do';
    if (isRefused) throw new TemplateFailure(`${whose} more work than is allowed`, { code: 'too-large' });
    stepsLeft -= steps;
    renderLeft -= steps;
  };

  const parse = (text: string, file: string | undefined, outer?: Whitespace): Node => {
    const key = (file === undefined ? 's' : outer === undefined ? 'f' : JSON.stringify(outer)) + text;
    const known = parsed.get(key);
    if (known) return known;
    const steps = text.length * stepsPerCharacter;
    if (steps > stepsLeft) throw new TemplateFailure('the templates of this host are too large together', { code: 'too-large' });
    stepsLeft -= steps;
    const root = parseTemplate(text, file, outer);
    if (parsed.size < 20_000) parsed.set(key, root);
    return root;
  };

  const shared: Workshop = { spend, regex, parse, readTemplate, resolve: (scope, name) => variables.resolve(scope, name) };

  const renderText = (text: string, target: Target): Rendered =>
    runTemplate(text, target, shared, (render) => {
      if (!hasMarks(text) && (target.file === undefined || !/^#jinja2:|\r/.test(text))) return text;
      const root = target.file === undefined ? parseScalar(text, target.at) : parse(text, target.file);
      const only = target.file === undefined && !text.endsWith('\n') ? soleExpression(root) : undefined;
      const frame: Frame = { values: new Map() };
      const made = only
        ? evaluateExpression(only, frame, render)
        : withNewlines(render.capture(root, frame), text, readHeader(text, '').whitespace.newline);
      return target.isVariable === true ? readLiteral(made, only, render) : made;
    });

  const parseScalar = (text: string, at: SourcePosition | undefined): Node => {
    try {
      return parse(text, undefined);
    } catch (error) {
      if (!(error instanceof TemplateFailure)) throw error;
      throw new TemplateFailure(error.message, { code: error.code, hint: error.hint, at });
    }
  };

  const variables = createVariables(secrets, (leaf, scope, at): RenderedText => {
    const isSecret = leaf instanceof Secret;
    const text = isSecret ? leaf.reveal() : leaf;
    if (!hasMarks(text)) return { value: leaf, uses: new Map(), asked: new Set() };
    const done = renderText(text, { scope, file: undefined, at, isSecret, isVariable: true });
    // Another machine may know more, but mends nothing.
    const failure = done.failures.find(({ code }) => code === 'undefined-variable') ?? done.failures[0];
    return { ...done, failure };
  });

  const finish = ({ value, failures, uses, isTouched }: Rendered): Evaluated => ({
    value,
    problems: failures.map(toProblem),
    touchedSecret: isTouched() || holdsSecret(value),
    uses: [...uses].map(([name, layer]) => ({ name, layer })),
  });

  const evaluate = (text: string, scope: Scope, at: SourcePosition): Evaluated => {
    renderLeft = stepsPerRender;
    if (!hasMarks(text)) return { value: text, problems: [], touchedSecret: false, uses: [] };
    return finish(renderText(text, { scope, file: undefined, at }));
  };

  return {
    evaluate,
    evaluateAll(value, scope, at) {
      const problems: Problem[] = [];
      const uses = new Map<string, string>();
      let touchedSecret = false;
      const visit = (member: unknown, path: readonly (string | number)[]): unknown => {
        if (typeof member === 'string') {
          const done = evaluate(member, scope, at(path));
          problems.push(...done.problems);
          touchedSecret ||= done.touchedSecret;
          for (const { name, layer } of done.uses) uses.set(name, layer);
          return done.value;
        }
        if (Array.isArray(member)) return member.map((item, index) => visit(item, [...path, index]));
        if (typeof member !== 'object' || member === null || member instanceof WholeFloat) return member;
        const tagged = openTagged(member as { readonly [key: string]: unknown }, secrets, at(path));
        if (tagged instanceof Undefined) problems.push(toProblem(tagged.failure));
        touchedSecret ||= tagged instanceof Secret;
        if (tagged !== undefined) return tagged;
        return Object.fromEntries(Object.entries(member).map(([key, inner]) => [key, visit(inner, [...path, key])]));
      };
      const made = visit(value, []);
      return {
        value: problems.length > 0 ? undefined : made,
        problems,
        touchedSecret,
        uses: [...uses].map(([name, layer]) => ({ name, layer })),
      };
    },
    renderFile(file, text, scope, directories) {
      renderLeft = stepsPerRender;
      const isSecret = text instanceof Secret;
      const target = { scope, file, at: { file, line: 1, column: 1 }, directories, isSecret };
      return finish(renderText(isSecret ? text.reveal() : text, target));
    },
    variablesOf: (scope) => variables.mapping(scope),
    secrets: secretsMapping(secrets),
  };
}
