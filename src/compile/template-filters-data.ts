import { Document, isPair, isScalar, Scalar, visit, type YAMLMap, type YAMLSeq } from 'yaml';
import { type Filter, required, type Tools } from './template-call.ts';
import { combineFilter } from './template-combine.ts';
import { TemplateFailure } from './template-failure.ts';
import { asNumber, exact, isFloat, numberText, toFloat, WholeFloat, wholeOf } from './template-number.ts';
import { stringOf, toPlain, toText } from './template-text.ts';
import {
  boundText,
  compareValues,
  countMembers,
  isTruthy,
  itemsOf,
  membersOf,
  typeName,
  Undefined,
  type Value,
} from './template-value.ts';
import { readYamlText } from './template-yaml.ts';
import { isFilled, writeYamlBlock } from './template-yaml-block.ts';

/** Python's `json.dumps`: a space after separators, everything beyond ASCII escaped unless told otherwise. */
const jsonFilter = (indent: number | undefined): Filter => ({
  params: ['indent', 'sort_keys', 'ensure_ascii', 'separators'],
  run(input, [given, sortKeys, ensureAscii, separators], tools) {
    const width = given === undefined ? indent : given === null ? undefined : Math.min(16, Math.max(0, wholeOf(given, 'indent')));
    const sorted = sortKeys === undefined ? indent !== undefined : isTruthy(sortKeys, tools);
    const [comma = width === undefined ? ', ' : ',', colon = ': '] =
      separators === undefined ? [] : itemsOf(separators, tools).map((each) => stringOf(each, tools));
    const text = writeJson(toPlain(input, tools), { indent: width, sorted, comma, colon }, '', tools);
    boundText(text.length, tools);
    if (ensureAscii !== undefined && !isTruthy(ensureAscii, tools)) return text;
    return text.replace(/[\u007f-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
  },
});

interface JsonStyle {
  readonly indent: number | undefined;
  readonly sorted: boolean;
  readonly comma: string;
  readonly colon: string;
}

function writeJson(value: unknown, style: JsonStyle, margin: string, tools: Tools): string {
  if (value instanceof WholeFloat || typeof value === 'number') return numberText(value);
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const { indent, sorted, comma, colon } = style;
  const inner = indent === undefined ? '' : margin + ' '.repeat(indent);
  const write = (member: unknown): string => writeJson(member, style, inner, tools);
  const keys = Object.keys(value);
  const parts = Array.isArray(value)
    ? value.map(write)
    : (sorted ? keys.sort() : keys).map((key) => JSON.stringify(key) + colon + write((value as { [key: string]: unknown })[key]));
  const [open, close] = Array.isArray(value) ? ['[', ']'] : ['{', '}'];
  if (parts.length === 0) return open + close;
  boundText(parts.length * (inner.length + comma.length + colon.length), tools);
  if (indent === undefined) return open + parts.join(comma) + close;
  return `${open}\n${parts.map((part) => inner + part).join(`${comma}\n`)}\n${margin}${close}`;
}

function floatNode(_key: unknown, value: unknown): unknown {
  if (!(value instanceof WholeFloat)) return value;
  return Object.assign(new Scalar(value.value), { minFractionDigits: 1 });
}

/** What PyYAML does not read unless it is escaped. */
const unreadable = /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g;

/** The library thinks of YAML 1.2, where these stand without quotes. */
function quoteScalar(_key: unknown, node: Scalar): void {
  if (node.value === '=' || node.value === '<<') node.type = 'QUOTE_SINGLE';
  if (typeof node.value === 'string' && (node.value.includes('\t') || node.value.search(unreadable) >= 0))
    node.type = 'QUOTE_DOUBLE';
}

/** PyYAML's usual style: what holds scalars only stands on one line. */
function flattenLeaves(_key: unknown, node: YAMLMap | YAMLSeq): void {
  const parts = node.items.flatMap((item) => (isPair(item) ? [item.key, item.value] : [item]));
  if (parts.every(isScalar)) node.flow = true;
}

/** YAML 1.1 like PyYAML's, so that `yes` and `1:30` stay strings for every reader. */
const yamlFilter = (nice: boolean): Filter => ({
  params: ['indent', 'width', 'sort_keys', 'default_flow_style'],
  run(input, [given, width, sortKeys, flow], tools) {
    const asked = given === undefined ? (nice ? 4 : 2) : wholeOf(asNumber(given ?? 2), 'indent');
    const indent = asked > 1 && asked < 10 ? asked : 2;
    const longest = wholeOf(asNumber(width ?? 80), 'width');
    const isSorted = sortKeys === undefined || isTruthy(sortKeys, tools);
    const { schema } = new Document(null, {
      version: '1.1',
      sortMapEntries: isSorted,
      customTags: (tags) => tags.filter((tag) => typeof tag === 'string' || tag.tag !== 'tag:yaml.org,2002:merge'),
    });
    const write = (value: unknown): string => {
      const document = new Document(value, floatNode, { version: '1.1', schema, aliasDuplicateObjects: false });
      visit(document, { Scalar: quoteScalar, ...(!nice && flow === undefined && { Collection: flattenLeaves }) });
      const written = document.toString({
        indent,
        indentSeq: false,
        lineWidth: 0,
        singleQuote: true,
        blockQuote: false,
        flowCollectionPadding: false,
        collectionStyle: flow !== undefined && isTruthy(flow, tools) ? 'flow' : 'any',
      });
      return written.replace(unreadable, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
    };
    const plain = toPlain(input, tools);
    const isBlock = flow === undefined ? nice : !isTruthy(flow, tools);
    const text =
      isBlock && isFilled(plain)
        ? writeYamlBlock(plain, {
            indent,
            width: longest,
            isSorted,
            scalar: (value) => write({ x: value }).slice('x: '.length, -1),
            key: (name) => write({ [name]: 0 }).slice(0, -': 0\n'.length),
          })
        : write(plain);
    boundText(text.length, tools);
    return text;
  },
});

/** The types of the library do not know yet that revivers see what was written. */
const parseJson = JSON.parse as (
  text: string,
  reviver: (key: string, value: unknown, context: { readonly source?: string }) => unknown,
) => unknown;

const isYes = (value: Value, tools: Tools): boolean => {
  const number = asNumber(value);
  return typeof number === 'number' ? number === 1 : ['yes', 'on', '1', 'true'].includes(stringOf(value, tools).toLowerCase());
};

const parsed = (what: string, parse: () => unknown): unknown => {
  try {
    return parse();
  } catch (error) {
    if (error instanceof TemplateFailure) throw error;
    // The parser's own message quotes the text, which may be a secret.
    throw new TemplateFailure(`${what}: the text cannot be parsed`);
  }
};

const defaultFilter: Filter = {
  params: ['default_value', 'boolean'],
  run(input, [otherwise = '', boolean], tools) {
    if (input instanceof Undefined && !input.isDefined) return otherwise;
    return boolean !== undefined && isTruthy(boolean, tools) && !isTruthy(input, tools) ? otherwise : input;
  },
};

/** Filters from and to structured values. They look at secrets only where they must. */
export const dataFilters: { readonly [name: string]: Filter } = {
  default: defaultFilter,
  d: defaultFilter,
  mandatory: {
    params: ['msg'],
    run(input, [msg], tools) {
      if (!(input instanceof Undefined) || msg === undefined) return input;
      throw new TemplateFailure(stringOf(msg, tools), { code: input.failure.code });
    },
  },
  to_json: jsonFilter(undefined),
  tojson: {
    params: ['indent'],
    run: (input, [indent], tools) =>
      toText(tools.filter('to_json', input, { positional: [indent ?? null, true], named: new Map() }), tools).replace(
        /[<>&']/g,
        (unsafe) => `\\u00${unsafe.charCodeAt(0).toString(16)}`,
      ),
  },
  to_nice_json: jsonFilter(4),
  to_yaml: yamlFilter(false),
  to_nice_yaml: yamlFilter(true),
  from_json: {
    params: [],
    run(input, _given, tools) {
      const text = stringOf(input, tools);
      tools.spend(text.length >>> 3);
      return parsed('from_json', () =>
        parseJson(text, (_key, value, { source = '' }) =>
          typeof value === 'number' ? (/[.e]/i.test(source) ? toFloat : exact)(value) : value,
        ),
      );
    },
  },
  from_yaml: {
    params: [],
    run: (input, _given, tools) => parsed('from_yaml', () => readYamlText(stringOf(input, tools), tools)),
  },
  combine: combineFilter,
  dict2items: {
    params: ['key_name', 'value_name'],
    run: (input, [key = 'key', value = 'value'], tools) =>
      entriesOf(input, tools).map(([name, member]) =>
        Object.fromEntries([
          [stringOf(key, tools), name],
          [stringOf(value, tools), member],
        ]),
      ),
  },
  items2dict: {
    params: ['key_name', 'value_name'],
    run: (input, [key = 'key', value = 'value'], tools) =>
      Object.fromEntries(
        itemsOf(input, tools).map((item) => {
          const members = membersOf(item, tools) ?? {};
          const [name, member] = [members[stringOf(key, tools)], members[stringOf(value, tools)]];
          return [toText(required(name, stringOf(key, tools)), tools), required(member, stringOf(value, tools))];
        }),
      ),
  },
  items: { params: [], run: (input, _given, tools) => entriesOf(input, tools) },
  dictsort: {
    params: ['case_sensitive', 'by', 'reverse'],
    run(input, [caseSensitive, by, reverse], tools) {
      const index = by === undefined || stringOf(by, tools) === 'key' ? 0 : 1;
      const fold = (value: Value): Value =>
        typeof value === 'string' && !(caseSensitive !== undefined && isTruthy(caseSensitive, tools))
          ? value.toLowerCase()
          : value;
      const sorted = entriesOf(input, tools).sort((a, b) => compareValues(fold(a[index]), fold(b[index]), tools));
      return reverse !== undefined && isTruthy(reverse, tools) ? sorted.reverse() : sorted;
    },
  },
  ternary: {
    params: ['true_val', 'false_val', 'none_val'],
    run(input, [yes, no, none], tools) {
      const [chosen, otherwise] = [required(yes, 'true_val'), required(no, 'false_val')];
      if (input === null && none !== undefined) return none;
      return isTruthy(input, tools) ? chosen : otherwise;
    },
  },
  bool: { params: [], run: (input, _given, tools) => (input === null ? null : isYes(input, tools)) },
  type_debug: { params: [], run: (input) => pythonType(input) },
};

const pythonTypes: { readonly [name: string]: string } = {
  null: 'NoneType',
  undefined: 'AnsibleUndefined',
  'a boolean': 'bool',
  'a list': 'list',
  'a mapping': 'dict',
  'a string': 'str',
};

const pythonType = (value: Value): string =>
  isFloat(value)
    ? 'float'
    : typeof value === 'number'
      ? 'int'
      : (pythonTypes[typeName(value)] ?? typeName(value).replace(/^an? /, ''));

function entriesOf(value: Value, tools: Tools): [string, Value][] {
  if (value instanceof Undefined) throw value.failure;
  const members = membersOf(value, tools);
  if (members === undefined) throw new TemplateFailure(`expected a mapping, found ${typeName(value)}`);
  return countMembers(Object.entries(members), tools);
}
