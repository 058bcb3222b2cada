import { createHash, getHashes } from 'node:crypto';
import { decodeUtf8 } from '../model/utf8.ts';
import { type Filter, onText, required } from './template-call.ts';
import { commentFilter } from './template-comment.ts';
import { TemplateFailure } from './template-failure.ts';
import { formatText } from './template-format.ts';
import { wholeOf } from './template-number.ts';
import { regexFilters } from './template-regex-filters.ts';
import { centerText, indentText, joinText, marginOf, replaceText, splitText, stripText } from './template-string-methods.ts';
import { stringOf, toText } from './template-text.ts';
import { boundText, isYes, itemsOf, type Value } from './template-value.ts';

const digestFilter = (name?: string): Filter => ({
  params: name === undefined ? ['hashtype'] : [],
  run(input, [hashtype], tools) {
    const algorithm = name ?? (hashtype === undefined ? 'sha1' : stringOf(hashtype, tools));
    if (!getHashes().includes(algorithm)) throw new TemplateFailure(`no hash "${algorithm}"`);
    return createHash(algorithm).update(stringOf(input, tools)).digest('hex');
  },
});

const entities: { readonly [character: string]: string } = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&#34;', "'": '&#39;' };

/** Filters from text to text. */
export const textFilters: { readonly [name: string]: Filter } = {
  string: { params: [], run: (input, _given, tools) => toText(input, tools) },
  lower: onText((text) => text.toLowerCase()),
  upper: onText((text) => text.toUpperCase()),
  capitalize: onText((text) => text.slice(0, 1).toUpperCase() + text.slice(1).toLowerCase()),
  // Unlike the method, only after white space and opening brackets and hyphens: "It's".
  title: onText((text) => text.replace(/[^-\s({[<]+/g, (word) => word.slice(0, 1).toUpperCase() + word.slice(1).toLowerCase())),
  wordcount: onText((text) => text.match(/[\p{L}\p{N}_]+/gu)?.length ?? 0),
  escape: onText((text) => text.replace(/[&<>"']/g, (character) => entities[character]!)),
  safe: { params: [], run: (input) => input },
  b64encode: onText((text) => Buffer.from(text).toString('base64')),
  b64decode: onText((text) => {
    const decoded = decodeUtf8(Buffer.from(text, 'base64'));
    if (decoded === undefined) throw new TemplateFailure('b64decode: the bytes are not UTF-8 text');
    return decoded;
  }),
  quote: onText((text) => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'"'"'`)}'`)),
  trim: { params: ['chars'], run: (input, [chars], tools) => stripText(stringOf(input, tools), chars, 'both', tools) },
  split: {
    params: ['sep', 'maxsplit'],
    run: (input, [sep, max], tools) => splitText(stringOf(input, tools), sep ?? null, max, tools),
  },
  replace: {
    params: ['old', 'new', 'count'],
    run: (input, [from, to, count], tools) =>
      replaceText(
        stringOf(input, tools),
        stringOf(required(from, 'old'), tools),
        stringOf(required(to, 'new'), tools),
        count,
        tools,
      ),
  },
  center: {
    params: ['width'],
    run(input, [width = 80], tools) {
      const columns = wholeOf(width, 'the width');
      boundText(columns, tools);
      return centerText(stringOf(input, tools), columns, ' ');
    },
  },
  indent: {
    params: ['width', 'first', 'blank'],
    run: (input, [width, first, blank], tools) =>
      indentText(stringOf(input, tools), marginOf(width ?? 4, tools), isYes(first, tools), isYes(blank, tools), tools),
  },
  truncate: {
    params: ['length', 'killwords', 'end', 'leeway'],
    run(input, [length = 255, killwords, end, leeway], tools) {
      const text = stringOf(input, tools);
      const [longest, mark] = [wholeOf(length, 'the length'), end === undefined ? '...' : stringOf(end, tools)];
      if (text.length <= longest + wholeOf(leeway ?? 5, 'the leeway')) return text;
      const cut = text.slice(0, Math.max(0, longest - mark.length));
      const space = cut.lastIndexOf(' ');
      return (isYes(killwords, tools) || space < 0 ? cut : cut.slice(0, space)) + mark;
    },
  },
  format: {
    params: ['*values'],
    run: (input, values, tools, call) =>
      formatText(stringOf(input, tools), call.named.size > 0 ? [Object.fromEntries(call.named)] : values, tools),
  },
  join: {
    params: ['d', 'attribute'],
    run: (input, [separator, attribute], tools) =>
      joinText(
        attribute === undefined ? itemsOf(input, tools) : itemsOf(tools.filter('map', input, named({ attribute })), tools),
        separator === undefined ? '' : stringOf(separator, tools),
        tools,
      ),
  },
  comment: commentFilter,
  ...regexFilters,
  hash: digestFilter(),
  md5: digestFilter('md5'),
  sha1: digestFilter('sha1'),
  checksum: digestFilter('sha1'),
};

const named = (values: { readonly [name: string]: Value }) => ({ positional: [], named: new Map(Object.entries(values)) });
