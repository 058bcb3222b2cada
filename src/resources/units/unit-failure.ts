import type { Argv, CommandResult, Host } from '../../host/host.ts';
import { lastLines } from '../../model/last-lines.ts';
import { describeLive, ending, isUp, managerOf, type LiveUnit } from './systemctl.ts';
import type { UnitPlace } from './unit-place.ts';

const journalLines = 5;
const timeout = 5_000;

/** `x.service cannot be started: failed (exit status 1): ...`, with the end of its log. Never throws. */
export async function complain(
  what: string,
  place: UnitPlace,
  live: LiveUnit | undefined,
  result: CommandResult | undefined,
  host: Host,
  signal: AbortSignal,
): Promise<string> {
  // That it is up does not say why it is not what it should be.
  const isTold = live?.load === 'loaded' && result?.timedOut !== true && !(result && isUp(live));
  const state = isTold ? describeLive(live) : result ? `systemctl ${ending(result)}` : 'it is not loaded';
  const log = await readLog(place, host, signal);
  return `${place.name} ${what}: ${state}${log && `; its log ends with: ${log}`}`;
}

async function readLog(place: UnitPlace, host: Host, signal: AbortSignal): Promise<string> {
  const manager = managerOf(place, host);
  if (!manager) return '';
  const which = place.user === undefined ? [`--unit=${place.name}`] : [`--user-unit=${place.name}`];
  const argv: Argv = ['journalctl', '--no-pager', '--quiet', '--output=cat', `--lines=${journalLines}`, ...which];
  try {
    // What it has said last may still be on its way.
    await host.query(['journalctl', '--sync'], signal, { timeout });
    const { stdout } = await host.query(argv, signal, { timeout });
    return lastLines(stdout);
  } catch {
    // The failure itself is what must be told.
    return '';
  }
}
