import { parseTemplate } from './parse-template.ts';
import { evaluateExpression } from './template-expression.ts';
import { TemplateFailure } from './template-failure.ts';
import type { Node } from './template-nodes.ts';
import type { Render } from './template-render.ts';
import type { Value } from './template-value.ts';

/** The expression that a template is, and nothing else. */
export function soleExpression(root: Node): Node | undefined {
  if (root.typename !== 'Root' || root.children.length !== 1) return undefined;
  const [output] = root.children;
  if (output?.typename !== 'Output' || output.children.length !== 1) return undefined;
  const [child] = output.children;
  return child?.typename === 'TemplateData' ? undefined : child;
}

/**
 * What a variable is whose template made a text. As in Ansible `True`, `False`, and a list or mapping as Python or JSON writes it are that
 * value: `[{% for host in groups.web %}'{{ host }}',{% endfor %}]` is a list. `only` is the expression that the whole template is.
 */
export function readLiteral(made: Value, only: Node | undefined, render: Render): Value {
  if (typeof made !== 'string' || (only !== undefined && staysText(only))) return made;
  if (made === 'True' || made === 'False') return made === 'True';
  if (!/^(?:\[[^]*\]|\{[^]*\})\s*$/.test(made)) return made;
  render.spend(2 * made.length);
  const literal = parseLiteral(`{{ ${made} }}`);
  return literal === undefined ? made : evaluateExpression(literal, { values: new Map() }, render);
}

function parseLiteral(text: string): Node | undefined {
  try {
    const expression = soleExpression(parseTemplate(text, ''));
    return expression !== undefined && isLiteral(expression, text.split('\n')) ? expression : undefined;
  } catch (error) {
    if (error instanceof TemplateFailure) return undefined;
    throw error;
  }
}

const words = new Set(['True', 'False', 'None']);

function isLiteral(node: Node, lines: readonly string[]): boolean {
  switch (node.typename) {
    case 'Literal':
      // JSON's word is `null`; `none`, which is the same to the parser, is Jinja's alone.
      if (node.value === null) return lines[node.lineno]?.startsWith('null', node.colno) === true;
      // What cannot be kept exactly stays as it is written.
      return !Number.isInteger(node.value) || Number.isSafeInteger(node.value);
    case 'Symbol':
      return words.has(node.value);
    case 'Neg':
    case 'Pos':
      return node.target.typename === 'Literal' && typeof node.target.value !== 'string' && isLiteral(node.target, lines);
    case 'Pair':
      return isLiteral(node.key, lines) && isLiteral(node.value, lines);
    case 'Array':
    case 'Dict':
    case 'Group':
      return node.children.every((child) => isLiteral(child, lines));
    default:
      return false;
  }
}

/** Those that Ansible calls `STRING_TYPE_FILTERS`. */
const textFilters = /^(?:ansible\.builtin\.)?(?:string|to_json|to_nice_json|to_yaml|to_nice_yaml|ppretty|json)$/;

/** What such a filter made is meant as a text; of the text of another variable it is known already what it is. */
function staysText(only: Node): boolean {
  const results = resultsOf(only);
  return results.some(isMadeText) || results.every(({ typename }) => typename === 'Symbol' || typename === 'LookupVal');
}

const isMadeText = (node: Node): boolean =>
  node.typename === 'Filter' && node.name.typename === 'Symbol' && textFilters.test(node.name.value);

/** What an expression may come to, of an inline `if` both. */
function resultsOf(node: Node): readonly Node[] {
  if (node.typename === 'Group') return resultsOf(node.children[0]);
  if (node.typename !== 'InlineIf') return [node];
  return [...resultsOf(node.body), ...(node.else_ === null ? [] : resultsOf(node.else_))];
}
