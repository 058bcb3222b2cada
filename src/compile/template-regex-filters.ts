import { readReplacement } from '../model/python/replacement.ts';
import { type Filter, required, type Tools } from './template-call.ts';
import { TemplateFailure } from './template-failure.ts';
import { wholeOf } from './template-number.ts';
import { stringOf } from './template-text.ts';
import { gather, isTruthy, type Value } from './template-value.ts';

/** As `Tools.regex` takes them. */
export const regexFlags = (ignorecase: Value, multiline: Value, tools: Tools): string =>
  (ignorecase !== undefined && isTruthy(ignorecase, tools) ? 'i' : '') +
  (multiline !== undefined && isTruthy(multiline, tools) ? 'm' : '');

/** What Ansible's `regex_search` takes for a group: `\1` or `\g<name>`, and whatever follows. */
function groupName(written: string): string | number {
  const name = /^\\g<(\S+)>/.exec(written)?.[1];
  const number = /^\\(\d+)/.exec(written)?.[1];
  if (name === undefined && number === undefined)
    throw new TemplateFailure('regex_search: a group is written as \\1 or \\g<name>');
  return name ?? Number(number);
}

/** Ansible's filters for regular expressions. */
export const regexFilters: { readonly [name: string]: Filter } = {
  regex_replace: {
    params: ['pattern', 'replacement', 'ignorecase', 'multiline', 'count'],
    run(input, [pattern, replacement, ignorecase, multiline, count = 0], tools) {
      const text = stringOf(input, tools);
      const made = stringOf(replacement ?? '', tools);
      const most = wholeOf(count, 'the count');
      const flags = regexFlags(ignorecase, multiline, tools);
      return tools.regex(stringOf(required(pattern, 'pattern'), tools), flags, text, (expression) => {
        const fill = readReplacement(made, expression);
        let [from, times] = [0, 0];
        const replaced = gather(tools, (write) => {
          for (const match of expression.searchAll(text)) {
            if (most > 0 && times++ >= most) break;
            write(text.slice(from, match.start) + fill(match));
            from = match.end;
          }
        });
        return replaced + text.slice(from);
      });
    },
  },
  regex_search: {
    params: ['pattern', '*groups'],
    run(input, [pattern, ...groups], tools, call) {
      const text = stringOf(input, tools);
      const flags = regexFlags(call.named.get('ignorecase'), call.named.get('multiline'), tools);
      const names = groups.map((group) => groupName(stringOf(group, tools)));
      return tools.regex(stringOf(required(pattern, 'pattern'), tools), flags, text, (expression) => {
        const match = expression.search(text);
        if (match === undefined || names.length === 0) return match?.group(0) ?? null;
        return names.map((name) => match.group(expression.groupOf(name)) ?? null);
      });
    },
  },
  regex_findall: {
    params: ['pattern', 'multiline', 'ignorecase'],
    run(input, [pattern, multiline, ignorecase], tools) {
      const text = stringOf(input, tools);
      const flags = regexFlags(ignorecase, multiline, tools);
      return tools.regex(stringOf(required(pattern, 'pattern'), tools), flags, text, (expression) => {
        const groups = Array.from({ length: expression.groupCount }, (_none, index) => expression.groupOf(index + 1));
        return Array.from(expression.searchAll(text), (match) => {
          const found = (groups.length === 0 ? [0] : groups).map((group) => match.group(group) ?? '');
          return found.length === 1 ? found[0] : found;
        });
      });
    },
  },
  regex_escape: {
    params: [],
    run: (input, _given, tools) => stringOf(input, tools).replace(/[()[\]{}?*+\-|^$\\.&~# \t\n\r\v\f]/g, '\\$&'),
  },
};
