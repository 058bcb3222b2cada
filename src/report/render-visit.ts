import type { Declined, Greeting, VisitEvent } from '../model/visit.ts';
import { printableJson } from './printable.ts';
import { eventLine } from './render-events.ts';

/** What a host says to `reconcile fleet`, as one line of JSON. `now` is ISO 8601. */
export const visitLine = (said: VisitEvent | Greeting, now: string): string =>
  isPlain(said) ? `${printableJson(JSON.stringify(said))}\n` : eventLine(said, now);

const isPlain = (said: VisitEvent | Greeting): said is Declined | Greeting =>
  said.type === 'declined' || said.type === 'greeting';
