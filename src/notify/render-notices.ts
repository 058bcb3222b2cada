import { printable } from '../report/printable.ts';
import { clockTime, dayAndTime, type Notice } from './notice.ts';

/** Telegram's bound of one message, in UTF-16 units; others get the same text. */
const mostCharacters = 4096;
/** A notice that was kept longer than this says when it became known. Milliseconds. */
const fresh = 2 * 60_000;

/** Several notices as one text for people: the host first, then each with its reason and what to do. Never over 4096 characters. */
export function renderNotices(host: string, notices: readonly Notice[], dropped: number, now: number): string {
  const blocks = notices.map((notice) => printable(block(notice, now)));
  const lost = dropped > 0 ? [`(${dropped} older messages could not be delivered and were dropped: reconcile history)`] : [];
  if (blocks.length === 1 && lost.length === 0) return cut(`${printable(host)}: ${blocks[0]}`);
  const head = `${printable(host)}: ${blocks.length} messages`;
  const tail = (left: number): string => (left > 0 ? `\n\n... and ${left} more: reconcile history` : '');
  let text = [head, ...lost].join('\n');
  for (const [index, each] of blocks.entries()) {
    const longer = `${text}\n\n${each}`;
    if (longer.length + tail(blocks.length - index - 1).length > mostCharacters)
      // The first one must not vanish because it is long.
      return index === 0 ? cut(longer) : text + tail(blocks.length - index);
    text = longer;
  }
  return text;
}

function block({ title, why, todo, at, topic }: Notice, now: number): string {
  const when = now - at > fresh && topic !== 'digest' ? ` [${dayOf(at) === dayOf(now) ? clockTime(at) : dayAndTime(at)}]` : '';
  return [`${title}${when}`, ...(why ? [why] : []), ...(todo ? [`Do: ${todo}`] : [])].join('\n');
}

const dayOf = (time: number): string => new Date(time).toISOString().slice(0, 10);

/** Not between the halves of a character. */
function cut(text: string): string {
  if (text.length <= mostCharacters) return text;
  return `${text.slice(0, mostCharacters - 3).replace(/[\ud800-\udbff]$/, '')}...`;
}
