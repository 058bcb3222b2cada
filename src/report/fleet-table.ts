import type { FleetEvent, HostOutcome } from '../model/fleet.ts';
import { fit, pad, width } from './fit.ts';
import { verdictColour, verdictWords } from './fleet-words.ts';
import type { Paint } from './paint.ts';
import { runWords } from './render-fleet-events.ts';

/** What is known while a command goes through the fleet; changed by `tell` only. */
interface FleetTable {
  tell(event: FleetEvent): void;
  /** The lines to show now: never more than `rows`, none longer than `columns`. */
  lines(size: { readonly rows: number; readonly columns: number }, paint: Paint): readonly string[];
}

/** Counts, the wave, and a line for each host at work. Failures stay visible as long as there is room. */
export function openFleetTable(hosts: readonly string[]): FleetTable {
  const open = new Set(hosts);
  const working = new Map<string, string>();
  const ended = new Map<string, HostOutcome>();
  let wave = '';
  let note = '';
  let action = 'fleet';

  const tell = (event: FleetEvent): void => {
    switch (event.type) {
      case 'fleet-started':
        action = event.action;
        for (const host of event.hosts) open.add(host);
        return;
      case 'connecting':
        return void working.set(event.host, event.attempt > 1 ? `connecting, attempt ${event.attempt}` : 'connecting');
      case 'waiting':
        return void working.set(event.host, `${fit(event.message, 200)}; again at ${event.until.slice(11, 19)}Z`);
      case 'step':
        return void working.set(event.host, event.message);
      case 'host-event': {
        const words = runWords(event.event);
        return words && void working.set(event.host, words.text);
      }
      case 'host-finished':
        working.delete(event.outcome.host);
        return void ended.set(event.outcome.host, event.outcome);
      case 'wave-started':
        note = '';
        wave = event.wave;
        return;
      case 'wave-finished':
        note = `${event.healthy} healthy, ${event.failed} failed`;
        return;
      case 'baking':
        note = `watched until ${event.until.slice(11, 19)}Z`;
        return;
      case 'paused':
        note = 'paused';
        return;
      case 'resumed':
        note = '';
        return;
      case 'halted':
        note = `halted: ${event.reason}`;
        return;
      case 'fleet-finished':
        return working.clear();
    }
  };

  const head = (): string => {
    const failed = [...ended.values()].filter(isFailure).length;
    const all = new Set([...open, ...ended.keys(), ...working.keys()]).size;
    const left = all - ended.size - working.size;
    const counts = [`${ended.size} of ${all} done`, `${working.size} at work`, ...(left > 0 ? [`${left} to come`] : [])];
    if (failed > 0) counts.push(`${failed} failed`);
    const where = [wave && `wave ${wave}`, note].filter((each) => each !== '').join(', ');
    return `${action}: ${counts.join(', ')}${where === '' ? '' : `; ${where}`}`;
  };

  const lines: FleetTable['lines'] = ({ rows, columns }, paint) => {
    if (rows < 1) return [];
    const failures = [...ended.values()].filter(isFailure);
    const names = Math.min(
      30,
      Math.floor(columns / 2),
      Math.max(0, ...[...working.keys(), ...failures.map(({ host }) => host)].map(width)),
    );
    const row = (host: string, text: string, colour: Parameters<Paint>[0]): string => {
      return `${pad(fit(host, names), names)}  ${paint(colour, fit(text, Math.max(0, columns - names - 2)))}`;
    };
    const work = [...working].slice(0, rows - 1).map(([host, text]) => row(host, text, 'dim'));
    const room = rows - 1 - work.length;
    const bad = room > 0 ? failures.slice(-room) : [];
    const badLines = bad.map(({ host, verdict, message }) =>
      row(host, `${verdictWords[verdict]}: ${message.slice(0, 500)}`, verdictColour(verdict)),
    );
    return [paint('bold', fit(head(), columns)), ...badLines, ...work];
  };
  return { tell, lines };
}

const isFailure = ({ verdict }: HostOutcome): boolean => verdictColour(verdict) === 'red';
