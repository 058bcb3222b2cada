import type { Paint } from '../paint.ts';
import { printable } from '../printable.ts';

/** What stands in a page as it is. */
interface Html {
  readonly markup: string;
}

type Part = Html | string | number | readonly Part[];

/** A piece of a page. Whatever is put in is text, unless it is a piece itself. */
export function html(texts: TemplateStringsArray, ...parts: readonly Part[]): Html {
  return { markup: String.raw({ raw: texts }, ...parts.map(markupOf)) };
}

/** What a terminal would be shown; each colour is a class. */
export function painted(render: (paint: Paint) => string): Html {
  // Of what is shown, renderers make every control character visible, so that nobody else can write these.
  const text = render((format, painted) => `\x01${format}\x02${painted}\x03`);
  const closed = escaped(text).replaceAll('\x03', '</span>');
  // eslint-disable-next-line no-control-regex -- as above
  return { markup: closed.replaceAll(/\x01(\w+)\x02/g, '<span class="$1">') };
}

function markupOf(part: Part): string {
  if (typeof part === 'string' || typeof part === 'number') return escaped(printable(String(part)));
  return 'markup' in part ? part.markup : part.map(markupOf).join('');
}

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
const escaped = (text: string): string => text.replaceAll(/[&<>"']/g, (character) => entities[character]!);
