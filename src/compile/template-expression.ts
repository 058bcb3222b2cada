import { familiarWords } from './familiar-words.ts';
import { Secret } from '../model/secret.ts';
import type { Frame, Render } from './template-render.ts';
import { TemplateFailure } from './template-failure.ts';
import { applyFilter, applyTest, seesUndefined } from './template-library.ts';
import { callMethod, memberOf } from './template-members.ts';
import type { CallNode, Node } from './template-nodes.ts';
import { exact } from './template-number.ts';
import { calculate, compareBy, concatenate, contains, sliceOf } from './template-operators.ts';
import { toText } from './template-text.ts';
import { type Call, Callable, defined, isTruthy, Undefined, type Value } from './template-value.ts';

/** The value of an expression. Undefined names give `Undefined`; using it throws, asking for it does not. */
export function evaluateExpression(node: Node, frame: Frame, render: Render): Value {
  render.spend(1);
  const evaluate = (child: Node): Value => evaluateExpression(child, frame, render);
  const at = <T>(value: T): T => {
    render.place = node;
    return value;
  };
  switch (node.typename) {
    case 'Literal':
      if (node.value instanceof RegExp) throw failureAt(node, render, 'regular expression literals are not provided');
      if (!Number.isInteger(node.value)) return node.value;
      render.place = node;
      return exact(node.value as number);
    case 'Symbol':
      return at(openNumber(lookUp(node.value, frame, render, node), render));
    case 'Group':
      return evaluate(node.children[0]);
    case 'Array':
      return node.children.map((child) => defined(evaluate(child)));
    case 'Dict':
      return Object.fromEntries(pairs(node.children, frame, render));
    case 'LookupVal': {
      const subject = evaluate(node.target);
      if (node.val.typename === 'Slice') {
        const bounds = [node.val.start, node.val.stop, node.val.step].map((bound) => (bound === null ? null : evaluate(bound)));
        return at(sliceOf(defined(subject), bounds, render));
      }
      const key = evaluate(node.val);
      render.place = node;
      return openNumber(located(memberOf(subject, key, describe(node.target), render), node, render), render);
    }
    case 'FunCall':
      return callFunction(node, frame, render);
    case 'Filter': {
      const [input, ...rest] = node.args.children;
      if (input === undefined) throw failureAt(node, render, 'the filter has no input');
      const name = nameOf(node.name);
      const value = input.typename === 'Capture' ? render.capture(input.body, frame) : inputOf(name, input, frame, render);
      const call = argumentsOf(rest, frame, render);
      render.place = node;
      return located(applyFilter(name, value, call, render), node, render);
    }
    case 'Is':
      return applyTestNode(node.left, node.right, frame, render);
    case 'Not':
      return !isTruthy(evaluate(node.target), render);
    case 'And': {
      const left = evaluate(node.left);
      return isTruthy(left, render) ? evaluate(node.right) : left;
    }
    case 'Or': {
      const left = evaluate(node.left);
      return isTruthy(left, render) ? left : evaluate(node.right);
    }
    case 'InlineIf':
      if (isTruthy(evaluate(node.cond), render)) return evaluate(node.body);
      // Jinja itself lets a missing `else` be empty, even where undefined variables are errors.
      return node.else_ === null ? '' : evaluate(node.else_);
    case 'In': {
      const [needle, haystack] = [evaluate(node.left), evaluate(node.right)];
      render.place = node;
      return contains(haystack, needle, render);
    }
    case 'Compare': {
      let left = evaluate(node.expr);
      for (const { expr, type } of node.ops) {
        const right = evaluate(expr);
        render.place = node;
        if (!compareBy(type, left, right, render)) return false;
        left = right;
      }
      return true;
    }
    case 'Concat': {
      const [left, right] = [evaluate(node.left), evaluate(node.right)];
      render.place = node;
      return concatenate(toText(left, render), toText(right, render), render);
    }
    case 'Add':
    case 'Sub':
    case 'Mul':
    case 'Div':
    case 'FloorDiv':
    case 'Mod':
    case 'Pow': {
      const [left, right] = [evaluate(node.left), evaluate(node.right)];
      render.place = node;
      return calculate(node.typename, left, right, render);
    }
    case 'Neg':
    case 'Pos': {
      const value = evaluate(node.target);
      render.place = node;
      return calculate(node.typename === 'Neg' ? 'Sub' : 'Add', 0, value, render);
    }
    case 'Caller':
      return render.macro(node, frame);
    default:
      throw failureAt(node, render, `"${node.typename}" is not provided in templates`);
  }
}

/** Of a filter or test. For those that ask whether there is a value, an inline `if` without `else` has none where it is false. */
function inputOf(name: string, node: Node, frame: Frame, render: Render): Value {
  if (node.typename === 'Group') return inputOf(name, node.children[0], frame, render);
  if (!seesUndefined(name) || node.typename !== 'InlineIf' || node.else_ !== null) return evaluateExpression(node, frame, render);
  if (isTruthy(evaluateExpression(node.cond, frame, render), render)) return evaluateExpression(node.body, frame, render);
  return new Undefined(failureAt(node, render, 'the inline "if" is false and has no "else"', 'undefined-variable'));
}

/** Arithmetic and filters take numbers as they are; the render is marked by it, and its result sealed again. */
const openNumber = (value: Value, render: Render): Value =>
  value instanceof Secret && typeof value.value() === 'number' ? render.reveal(value) : value;

/** Positional and keyword arguments of a call. */
function argumentsOf(nodes: readonly Node[], frame: Frame, render: Render): Call {
  const positional: Value[] = [];
  let named = new Map<string, Value>();
  for (const node of nodes) {
    if (node.typename === 'KeywordArgs') named = new Map(pairs(node.children, frame, render, true));
    else positional.push(evaluateExpression(node, frame, render));
  }
  return { positional, named };
}

function pairs(nodes: readonly Node[], frame: Frame, render: Render, isKeyword = false): [string, Value][] {
  return nodes.map((pair) => {
    if (pair.typename !== 'Pair') throw failureAt(pair, render, 'expected a key and a value');
    const key = isKeyword && pair.key.typename === 'Symbol' ? pair.key.value : evaluateExpression(pair.key, frame, render);
    const value = evaluateExpression(pair.value, frame, render);
    return [toText(key, render), isKeyword ? value : defined(value)];
  });
}

function callFunction(node: CallNode, frame: Frame, render: Render): Value {
  const callee = node.name;
  if (callee.typename === 'LookupVal' && callee.val.typename === 'Literal' && typeof callee.val.value === 'string') {
    const subject = evaluateExpression(callee.target, frame, render);
    const call = argumentsOf(node.args.children, frame, render);
    render.place = callee;
    for (const value of [...call.positional, ...call.named.values()]) defined(value);
    return callMethod(subject, callee.val.value, call, describe(callee.target), render);
  }
  const found = defined(evaluateExpression(callee, frame, render));
  const call = argumentsOf(node.args.children, frame, render);
  render.place = node;
  if (!(found instanceof Callable)) throw failureAt(callee, render, `${describe(callee)} is not a function`);
  return found.call(call);
}

function applyTestNode(subject: Node, test: Node, frame: Frame, render: Render): boolean {
  const isCall = test.typename === 'FunCall';
  const name = nameOf(isCall ? test.name : test);
  const value = inputOf(name, subject, frame, render);
  const call = isCall ? argumentsOf(test.args.children, frame, render) : { positional: [], named: new Map<string, Value>() };
  render.place = test;
  return applyTest(name, value, call, render);
}

/** Test and filter names. */
function nameOf(node: Node): string {
  if (node.typename === 'Symbol') return node.value;
  throw new TemplateFailure('expected a name');
}

function lookUp(name: string, frame: Frame, render: Render, node: Node): Value {
  for (let scope: Frame | undefined = frame; scope !== undefined; scope = scope.parent) {
    if (scope.values.has(name)) return scope.values.get(name);
  }
  const value = render.resolve(name);
  if (value !== undefined) return located(value, node, render);
  const hint = (): string | undefined => familiarWords.variable(name, [...render.names(frame)]);
  const details = { code: 'undefined-variable', hint, at: render.position(node) } as const;
  return new Undefined(new TemplateFailure(`"${name}" is undefined`, details));
}

/** An undefined value keeps the place where it was made, not the one where it is used. */
function located(value: Value, node: Node, render: Render): Value {
  if (!(value instanceof Undefined) || value.failure.at !== undefined) return value;
  const { failure } = value;
  const { message, code } = failure;
  return new Undefined(new TemplateFailure(message, { code, hint: () => failure.hint, at: render.position(node) }));
}

function failureAt(node: Node, render: Render, message: string, code?: 'undefined-variable'): TemplateFailure {
  return new TemplateFailure(message, { ...(code && { code }), at: render.position(node) });
}

/** The expression as people wrote it, as far as names go: `cron_jobs[0].name`. */
function describe(node: Node): string {
  if (node.typename === 'Symbol') return `"${node.value}"`;
  if (node.typename !== 'LookupVal') return 'the value';
  const subject = describe(node.target).replace(/"$/, '');
  if (node.val.typename !== 'Literal' || subject === 'the value') return 'the value';
  return typeof node.val.value === 'number' ? `${subject}[${node.val.value}]"` : `${subject}.${String(node.val.value)}"`;
}
