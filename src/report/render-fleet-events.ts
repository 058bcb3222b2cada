import type { Event } from '../model/event.ts';
import type { FleetAction, FleetEvent } from '../model/fleet.ts';
import { fit } from './fit.ts';
import { longestMessage, nameList, usualWidth, verdictColour, wordsFor } from './fleet-words.ts';
import type { Paint } from './paint.ts';
import { printableJson } from './printable.ts';
import { count, duration } from './render-text.ts';

/** One event as a line of `-o ndjson`: `schema`, `type` and `ts` first, then what the event carries. `now` is ISO 8601. */
export function fleetEventLine(event: FleetEvent, now: string): string {
  const { type, ...rest } = event;
  return `${printableJson(JSON.stringify({ schema: 'reconcile.fleet-event/1', type, ts: now, ...rest }))}\n`;
}

/** One event of an action as a line of a log, without its newline; undefined for what happens too often to be worth one. */
export function fleetLogLine(event: FleetEvent, paint: Paint, action?: FleetAction): string | undefined {
  switch (event.type) {
    case 'fleet-started':
      return `${event.action} on ${count(event.hosts.length, 'host')}: ${nameList(event.hosts, usualWidth)}`;
    case 'connecting':
      return event.attempt > 1 ? `${name(event.host)}: connecting, attempt ${event.attempt}` : undefined;
    case 'waiting':
      return paint('yellow', `${name(event.host)}: ${fit(event.message, longestMessage)}; again at ${clock(event.until)}`);
    case 'step':
      return `${name(event.host)}: ${fit(event.message, longestMessage)}`;
    case 'host-event': {
      const words = runWords(event.event);
      return words?.isNews ? paint('yellow', `${name(event.host)}: ${words.text}`) : undefined;
    }
    case 'host-finished': {
      const { host, verdict, message, duration: took } = event.outcome;
      const words = paint(verdictColour(verdict), wordsFor(verdict, action));
      return `${name(host)}: ${words}: ${fit(message, longestMessage)} (${duration(took)})`;
    }
    case 'wave-started':
      return paint('bold', `wave ${name(event.wave)}: ${nameList(event.hosts, usualWidth)}`);
    case 'wave-finished':
      return paint(
        event.failed > 0 ? 'red' : 'green',
        `wave ${name(event.wave)}: ${event.healthy} healthy, ${event.failed} failed`,
      );
    case 'baking':
      return `wave ${name(event.wave)} is watched until ${clock(event.until)}`;
    case 'paused':
      return paint('yellow', 'paused; `reconcile fleet rollout resume` goes on');
    case 'resumed':
      return 'resumed';
    case 'halted':
      return paint('red', `halted in wave ${name(event.wave)}: ${fit(event.reason, longestMessage)}`);
    case 'fleet-finished':
      return undefined;
  }
}

/** What a run on a host is about, in a few words; `isNews` for what should be read afterwards too. Undefined: nothing new. */
export function runWords(event: Event): { readonly text: string; readonly isNews: boolean } | undefined {
  switch (event.type) {
    case 'run-started':
      return { text: 'planning', isNews: false };
    case 'recovered':
      return { text: 'restored what an interrupted run left behind', isNews: true };
    case 'planned':
      return { text: `planned ${count(event.steps.length, 'step')}`, isNews: false };
    case 'applying':
      return { text: `applying ${event.done + 1}/${event.total} ${fit(event.address, 80)}`, isNews: false };
    case 'refreshing':
      return { text: `refreshing ${fit(event.address, 80)}`, isNews: false };
    case 'verifying':
      return { text: 'verifying', isNews: false };
    case 'rolling-back':
      return { text: `rolling back: ${fit(event.reason, longestMessage)}`, isNews: true };
    case 'finished':
      return undefined;
  }
}

const name = (text: string): string => fit(text, 80);
const clock = (time: string): string => fit(`${time.slice(11, 19)}Z`, 10);
