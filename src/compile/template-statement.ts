import type { ProblemCode } from '../model/problem.ts';
import { evaluateExpression } from './template-expression.ts';
import { TemplateFailure } from './template-failure.ts';
import type { BlockNode, ForNode, FromImportNode, ImportNode, MacroNode, Node, SetNode } from './template-nodes.ts';
import type { Frame, Render } from './template-render.ts';
import { loopOf } from './template-loop.ts';
import { printed } from './template-text.ts';
import {
  Callable,
  defined,
  gather,
  isEqual,
  isSolidMapping,
  isTruthy,
  itemsOf,
  LazyMapping,
  membersOf,
  Namespace,
  Undefined,
  type Value,
} from './template-value.ts';

type Block = { readonly node: BlockNode; readonly file: string | undefined };

/** Where statements write, and the blocks that they may fill: the child's before its parents'. */
interface Page {
  readonly write: (text: string) => void;
  readonly blocks: ReadonlyMap<string, readonly Block[]>;
}

/** Writes a whole template; with `extends`, its parent with the blocks of both. */
export function renderTemplate(root: Node, frame: Frame, page: Page, render: Render): void {
  const blocks = new Map(page.blocks);
  for (const node of blocksIn(root)) {
    blocks.set(node.name.value, [...(blocks.get(node.name.value) ?? []), { node, file: render.file }]);
  }
  const children = root.typename === 'Root' ? root.children : [];
  const parent = children.find((child) => child.typename === 'Extends');
  if (parent === undefined) {
    for (const child of children) renderStatement(child, frame, { ...page, blocks }, render);
    return;
  }
  for (const child of children) {
    if (child.typename !== 'Block' && child !== parent) renderStatement(child, frame, { write: () => undefined, blocks }, render);
  }
  const { root: parentRoot, file } = load(parent.template, parent, frame, render);
  render.within(file, () => renderTemplate(parentRoot, frame, { ...page, blocks }, render));
}

export function renderStatement(node: Node, frame: Frame, page: Page, render: Render): void {
  render.spend(1);
  switch (node.typename) {
    case 'Root':
    case 'NodeList':
      for (const child of node.children) renderStatement(child, frame, page, render);
      return;
    case 'Output':
      for (const child of node.children) page.write(output(child, frame, render));
      return;
    case 'If': {
      const branch = isTruthy(evaluateExpression(node.cond, frame, render), render) ? node.body : node.else_;
      if (branch !== null) renderStatement(branch, frame, page, render);
      return;
    }
    case 'For':
      return renderLoop(node, frame, page, render);
    case 'Set':
      return assign(node, frame, render);
    case 'With': {
      // No value sees the names beside it.
      const values = node.names.map(
        (name, index) => [nameOf(name), evaluateExpression(node.values[index]!, frame, render)] as const,
      );
      return renderStatement(node.body, { values: new Map(values), parent: frame }, page, render);
    }
    case 'Macro':
      frame.values.set(nameOf(node.name), makeMacro(node, frame, render));
      return;
    case 'Block':
      return renderBlock(page.blocks.get(node.name.value) ?? [{ node, file: render.file }], frame, page, render);
    case 'Include': {
      const found = load(node.template, node, frame, render, node.ignoreMissing === true);
      if (!found) return;
      const { root, file } = found;
      const inner: Frame = { values: new Map(), parent: frame };
      render.within(file, () => renderTemplate(root, inner, { ...page, blocks: new Map() }, render));
      return;
    }
    case 'Import':
    case 'FromImport':
      return importNames(node, frame, render);
    case 'Switch': {
      const value = evaluateExpression(node.expr, frame, render);
      const found = node.cases.find(({ cond }) => isEqual(value, evaluateExpression(cond, frame, render), render));
      const body = found?.body ?? node.default;
      if (body !== null) renderStatement(body, frame, page, render);
      return;
    }
    case 'Extends':
      throw new TemplateFailure('"extends" stands at the top of a template, not inside a block', { at: render.position(node) });
    default:
      throw new TemplateFailure(`"${node.typename}" is not provided in templates`, { at: render.position(node) });
  }
}

/** After which the rest can still be read; who has no keys is told of the rest too. */
const passable: ReadonlySet<ProblemCode> = new Set(['undefined-variable', 'secret-unreadable', 'unknown-fact']);

function output(node: Node, frame: Frame, render: Render): string {
  if (node.typename === 'TemplateData') return String(node.value);
  try {
    const value = evaluateExpression(node, frame, render);
    render.place = node;
    return printed(value, render);
  } catch (error) {
    if (!(error instanceof TemplateFailure) || !passable.has(error.code)) throw error;
    render.note(error);
    return '';
  }
}

function renderLoop(node: ForNode, frame: Frame, page: Page, render: Render): void {
  const chosen = node.arr.typename === 'InlineIf' && node.arr.else_ === null ? node.arr : undefined;
  const source = evaluateExpression(chosen?.body ?? node.arr, frame, render);
  render.place = node.arr;
  const members = node.name.typename === 'Array' && isSolidMapping(source) ? membersOf(source, render) : undefined;
  const all = members ? Object.entries(members) : itemsOf(source, render);
  const bind = (item: Value): Frame => ({ values: new Map(unpack(node.name, item, render)), parent: frame });
  const items = chosen ? all.filter((item) => isTruthy(evaluateExpression(chosen.cond, bind(item), render), render)) : all;
  if (items.length === 0 && node.else_ !== null) return renderStatement(node.else_, frame, page, render);
  let index = 0;
  const loop = loopOf(items, () => index, render);
  for (; index < items.length; index++) {
    const inner = bind(items[index]);
    inner.values.set('loop', loop);
    renderStatement(node.body, inner, page, render);
  }
}

/** The names of a target, each with its part of the value. */
function unpack(target: Node, value: Value, render: Render): [string, Value][] {
  if (target.typename !== 'Array') return [[nameOf(target), value]];
  const parts = divide(target.children.map(textOf), value, render);
  return target.children.flatMap((child, index) => unpack(child, parts[index], render));
}

const textOf = (target: Node): string =>
  target.typename === 'Array' ? `(${target.children.map(textOf).join(', ')})` : nameOf(target);

function divide(names: readonly string[], value: Value, render: Render): readonly Value[] {
  const parts = itemsOf(value, render);
  if (parts.length === names.length) return parts;
  throw new TemplateFailure(`expected ${names.length} values for "${names.join(', ')}", found ${parts.length}`);
}

function assign(node: SetNode, frame: Frame, render: Render): void {
  const captured = node.value === null && node.body?.typename === 'Capture' ? render.capture(node.body.body, frame) : undefined;
  const value = node.value === null ? captured : evaluateExpression(node.value, frame, render);
  const names = node.targets.map(() => 'target');
  const parts = names.length === 1 ? [value] : divide(names, value, render);
  for (const [index, target] of node.targets.entries()) {
    if (target.typename === 'Symbol') {
      frame.values.set(target.value, parts[index]);
      continue;
    }
    const holder = target.typename === 'LookupVal' ? evaluateExpression(target.target, frame, render) : undefined;
    if (!(holder instanceof Namespace) || target.typename !== 'LookupVal' || target.val.typename !== 'Literal') {
      throw new TemplateFailure('only names and members of a namespace() can be set', { at: render.position(target) });
    }
    holder.members.set(String(target.val.value), parts[index]);
  }
}

/** A macro sees the names of the place where it was defined. Its text is the value of the call. */
export function makeMacro(node: MacroNode, frame: Frame, render: Render): Callable {
  const name = node.typename === 'Macro' ? nameOf(node.name) : 'caller';
  const { file } = render;
  const parameters = node.args.children.filter((child) => child.typename === 'Symbol').map(nameOf);
  const defaults = defaultsOf(node);
  return new Callable(name, (call) => {
    const values = new Map<string, Value>();
    const inner: Frame = { values, parent: frame };
    const names = [...parameters, ...defaults.keys()];
    if (call.positional.length > names.length)
      throw new TemplateFailure(`"${name}" takes ${names.length} arguments, found ${call.positional.length}`);
    for (const given of call.named.keys()) {
      if (given !== 'caller' && !names.includes(given)) throw new TemplateFailure(`"${name}" has no parameter "${given}"`);
    }
    for (const [index, parameter] of names.entries()) {
      const otherwise = defaults.get(parameter);
      if (index < call.positional.length) values.set(parameter, call.positional[index]);
      else if (call.named.has(parameter)) values.set(parameter, call.named.get(parameter));
      // A default may name the parameters before it.
      else if (otherwise)
        values.set(
          parameter,
          render.within(file, () => evaluateExpression(otherwise, inner, render)),
        );
      else values.set(parameter, notGiven(parameter, name));
    }
    if (call.named.has('caller')) values.set('caller', call.named.get('caller'));
    return render.within(file, () => render.capture(node.body, inner));
  });
}

const notGiven = (parameter: string, macro: string): Undefined =>
  new Undefined(new TemplateFailure(`the argument "${parameter}" of "${macro}" is not given`, { code: 'undefined-variable' }));

const defaultsOf = ({ args }: MacroNode): ReadonlyMap<string, Node> =>
  new Map(
    args.children
      .flatMap((child) => (child.typename === 'KeywordArgs' ? child.children : []))
      .flatMap((pair) => (pair.typename === 'Pair' ? [[nameOf(pair.key), pair.value] as const] : [])),
  );

function renderBlock([block, ...parents]: readonly Block[], frame: Frame, page: Page, render: Render): void {
  if (block === undefined) return;
  const inherited = new Callable('super', () =>
    gather(render, (write) => renderBlock(parents, frame, { ...page, write }, render)),
  );
  const inner: Frame = { values: new Map([['super', inherited]]), parent: frame };
  render.within(block.file, () => renderStatement(block.node.body, inner, page, render));
}

function importNames(node: ImportNode | FromImportNode, frame: Frame, render: Render): void {
  const { root, file } = load(node.template, node, frame, render);
  const inner: Frame = { values: new Map() };
  render.within(file, () => renderTemplate(root, inner, { write: () => undefined, blocks: new Map() }, render));
  if (node.typename === 'Import') {
    const members = new LazyMapping(
      () => inner.values.keys(),
      (key) => inner.values.get(key),
    );
    frame.values.set(nameOf(node.target), members);
    return;
  }
  for (const name of node.names.children) {
    const [from, to] = name.typename === 'Pair' ? [nameOf(name.key), nameOf(name.value)] : [nameOf(name), nameOf(name)];
    if (!inner.values.has(from)) throw new TemplateFailure(`"${file}" defines no "${from}"`, { at: render.position(name) });
    frame.values.set(to, inner.values.get(from));
  }
}

type Template = NonNullable<ReturnType<Render['template']>>;

/** The template that an expression names. Throws when there is none, unless it may be missing. */
function load(template: Node, node: Node, frame: Frame, render: Render): Template;
function load(template: Node, node: Node, frame: Frame, render: Render, mayBeMissing: boolean): Template | undefined;
function load(template: Node, node: Node, frame: Frame, render: Render, mayBeMissing = false): Template | undefined {
  const name = defined(evaluateExpression(template, frame, render));
  render.place = node;
  const found = render.template(name);
  if (found || mayBeMissing) return found;
  const message = `no template "${String(name)}" in the templates directories or beside this one`;
  throw new TemplateFailure(message, { code: 'missing-file', at: render.position(node) });
}

function* blocksIn(node: Node): Generator<BlockNode> {
  if (node.typename === 'Block') yield node;
  const inner = 'children' in node ? node.children : 'body' in node ? [node.body, 'else_' in node ? node.else_ : null] : [];
  for (const child of inner) if (child) yield* blocksIn(child);
}

function nameOf(node: Node): string {
  if (node.typename !== 'Symbol') throw new TemplateFailure('expected a name');
  return node.value;
}
