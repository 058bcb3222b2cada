import type { FleetAction, FleetEvent } from '../model/fleet.ts';
import { openFleetTable } from './fleet-table.ts';
import { liveScreen } from './live-screen.ts';
import { paintFor } from './paint.ts';
import { fleetLogLine } from './render-fleet-events.ts';

/** Milliseconds between two drawings. */
const shortest = 100;

interface FleetProgress extends Disposable {
  readonly emit: (event: FleetEvent) => void;
}

/**
 * Shows on `stream` (standard error) how a command goes through the fleet: on a terminal a table that is drawn over and over, else a
 * line per event that is worth one. End it before the result is written; the table is gone then. The cursor is never hidden and always
 * stands below the table, so that a process which is killed leaves nothing to restore.
 */
export function openFleetProgress(stream: NodeJS.WriteStream, hosts: readonly string[]): FleetProgress {
  const paint = paintFor(stream);
  if (!stream.isTTY || process.env['TERM'] === 'dumb') {
    let action: FleetAction | undefined;
    const emit = (event: FleetEvent): void => {
      if (event.type === 'fleet-started') action = event.action;
      const line = fleetLogLine(event, paint, action);
      if (line !== undefined) stream.write(`${line}\n`);
    };
    return { emit, [Symbol.dispose]: () => undefined };
  }
  const table = openFleetTable(hosts);
  let shown = 0;
  let drawnAt = -Infinity;
  let timer: NodeJS.Timeout | undefined;
  let isHeld = false;
  const draw = (lines: readonly string[]): void => {
    const home = shown > 0 ? `\x1b[${shown}A\r\x1b[J` : '';
    const frame = home + lines.map((line) => `${line}\n`).join('');
    if (frame !== '') stream.write(frame);
    shown = lines.length;
  };
  const redraw = (): void => {
    clearTimeout(timer);
    timer = undefined;
    drawnAt = performance.now();
    // The cursor needs a row of its own, and a line as wide as the terminal would go on in the next one.
    draw(table.lines({ rows: Math.max(1, (stream.rows || 24) - 1), columns: Math.max(10, (stream.columns || 80) - 1) }, paint));
  };
  const emit = (event: FleetEvent): void => {
    table.tell(event);
    if (isHeld) return;
    const wait = drawnAt + shortest - performance.now();
    if (wait <= 0) redraw();
    else timer ??= setTimeout(redraw, wait);
  };
  const clear = (): void => {
    clearTimeout(timer);
    timer = undefined;
    draw([]);
  };
  const leave = liveScreen.show({
    hold() {
      isHeld = true;
      clear();
    },
    goOn() {
      isHeld = false;
      redraw();
    },
  });
  return {
    emit,
    [Symbol.dispose]() {
      leave();
      clear();
    },
  };
}
