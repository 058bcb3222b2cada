import type { SourcePosition } from '../model/problem.ts';
import type { Tools } from './template-call.ts';
import type { TemplateFailure } from './template-failure.ts';
import type { MacroNode, Node } from './template-nodes.ts';
import type { Callable, Value } from './template-value.ts';

/** Names that the template itself has set. */
export interface Frame {
  readonly values: Map<string, Value>;
  readonly parent?: Frame;
}

/** One render of one text: what expressions and statements share. */
export interface Render extends Tools {
  /** The node that is being evaluated, for failures that do not know their place. */
  place: Node | undefined;
  /** Undefined where only the caller knows. */
  readonly position: (node: Node) => SourcePosition | undefined;
  /** A variable of the scope or a global; undefined when nothing has that name. */
  resolve(name: string): Value;
  /** Every name that would resolve, for hints. */
  names(frame: Frame): Iterable<string>;
  /** The text that the nodes write. */
  capture(body: Node, frame: Frame): string;
  macro(node: MacroNode, frame: Frame): Callable;
  /** Another template of the same directory; undefined when there is no such file. */
  template(name: Value): { readonly root: Node; readonly file: string } | undefined;
  /** Works with positions in another file, and one level deeper; fails when that is too deep. */
  within<T>(file: string | undefined, work: () => T): T;
  /** The file that positions refer to; undefined for a scalar. */
  readonly file: string | undefined;
  /** Records a problem after which rendering goes on, so that one run reports all of a template. */
  note(failure: TemplateFailure): void;
}
