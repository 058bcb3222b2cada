import type { Event } from '../model/event.ts';
import type { Paint } from './paint.ts';
import { printableJson, printableLine } from './printable.ts';

/** One event as a line of `-o ndjson`: `schema`, `type`, `ts` and `run` first, then what the event carries. `now` is ISO 8601. */
export function eventLine(event: Event, now: string): string {
  const { type, run, ...rest } = event;
  return `${printableJson(JSON.stringify({ schema: 'reconcile.event/1', type, ts: now, run, ...rest }))}\n`;
}

/** What is going on right now, for the one line that a terminal shows while a run works; undefined for events that need none. */
export function progressLine(event: Event, paint: Paint): string | undefined {
  switch (event.type) {
    case 'applying':
      return paint('dim', `applying ${event.done + 1}/${event.total} ${printableLine(event.address)}`);
    case 'refreshing':
      return paint('dim', `refreshing ${printableLine(event.address)}`);
    case 'verifying':
      return paint('dim', 'verifying');
    case 'rolling-back':
      return paint('yellow', `rolling back: ${printableLine(event.reason)}`);
    case 'recovered':
      return paint('yellow', 'restored what an interrupted run left behind');
    case 'run-started':
    case 'planned':
    case 'finished':
      return undefined;
  }
}
