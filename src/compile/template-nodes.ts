interface Place {
  /** From 0, within the template's text. */
  readonly lineno: number;
  readonly colno: number;
}

interface List<Name extends string> extends Place {
  readonly typename: Name;
  readonly children: readonly Node[];
}

interface Binary<Name extends string> extends Place {
  readonly typename: Name;
  readonly left: Node;
  readonly right: Node;
}

interface Unary<Name extends string> extends Place {
  readonly typename: Name;
  readonly target: Node;
}

interface SymbolNode extends Place {
  readonly typename: 'Symbol';
  readonly value: string;
}

interface PairNode extends Place {
  readonly typename: 'Pair';
  readonly key: Node;
  readonly value: Node;
}

export interface CallNode extends Place {
  readonly typename: 'FunCall' | 'Filter';
  readonly name: Node;
  readonly args: List<'NodeList'>;
}

export interface MacroNode extends Place {
  readonly typename: 'Macro' | 'Caller';
  readonly name: Node;
  readonly args: List<'NodeList'>;
  readonly body: Node;
}

export interface ForNode extends Place {
  readonly typename: 'For';
  readonly arr: Node;
  readonly name: Node;
  readonly body: Node;
  readonly else_: Node | null;
}

export interface SetNode extends Place {
  readonly typename: 'Set';
  readonly targets: readonly Node[];
  readonly value: Node | null;
  readonly body?: Node;
}

export interface BlockNode extends Place {
  readonly typename: 'Block';
  readonly name: SymbolNode;
  readonly body: Node;
}

export interface ImportNode extends Place {
  readonly typename: 'Import';
  readonly template: Node;
  readonly target: Node;
}

export interface FromImportNode extends Place {
  readonly typename: 'FromImport';
  readonly template: Node;
  readonly names: List<'NodeList'>;
}

interface SliceNode extends Place {
  readonly typename: 'Slice';
  readonly start: Node | null;
  readonly stop: Node | null;
  readonly step: Node | null;
}

interface CompareNode extends Place {
  readonly typename: 'Compare';
  readonly expr: Node;
  readonly ops: readonly (Place & { readonly expr: Node; readonly type: string })[];
}

/** What nunjucks' parser makes of a template, as far as the renderer knows it. Everything else is refused. */
export type Node =
  | List<'Root' | 'NodeList' | 'Output' | 'Array' | 'Dict' | 'KeywordArgs'>
  | (Place & { readonly typename: 'Group'; readonly children: readonly [Node] })
  | (Place & { readonly typename: 'Literal' | 'TemplateData'; readonly value: unknown })
  | SymbolNode
  | PairNode
  | CallNode
  | MacroNode
  | ForNode
  | SetNode
  | BlockNode
  | ImportNode
  | FromImportNode
  | SliceNode
  | CompareNode
  | Binary<'In' | 'Is' | 'Or' | 'And' | 'Add' | 'Concat' | 'Sub' | 'Mul' | 'Div' | 'FloorDiv' | 'Mod' | 'Pow'>
  | Unary<'Not' | 'Neg' | 'Pos'>
  | (Place & { readonly typename: 'LookupVal'; readonly target: Node; readonly val: Node })
  | (Place & {
      readonly typename: 'If' | 'InlineIf';
      readonly cond: Node;
      readonly body: Node;
      readonly else_: Node | null;
    })
  | (Place & { readonly typename: 'Capture'; readonly body: Node })
  | (Place & {
      readonly typename: 'With';
      readonly names: readonly Node[];
      readonly values: readonly Node[];
      readonly body: Node;
    })
  | (Place & { readonly typename: 'Extends'; readonly template: Node })
  | (Place & { readonly typename: 'Include'; readonly template: Node; readonly ignoreMissing: boolean | null })
  | (Place & {
      readonly typename: 'Switch';
      readonly expr: Node;
      readonly cases: readonly { readonly cond: Node; readonly body: Node }[];
      readonly default: Node | null;
    });
