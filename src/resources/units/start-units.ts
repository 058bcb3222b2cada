import type { CommandResult, Host, HostReader } from '../../host/host.ts';
import { programError } from '../../model/how-it-ended.ts';
import {
  ending,
  isOwnUnit,
  isRunning,
  isUp,
  parseBlocks,
  showTimeout,
  surveyUnits,
  systemctl,
  unitKey,
  type LiveUnit,
  type Manager,
} from './systemctl.ts';
import type { UnitPlace } from './unit-place.ts';

const isSocket = ({ name }: UnitPlace): boolean => name.endsWith('.socket');

/** Of a socket, the service that it starts, and of a service, the sockets that it requires, with what systemd says of them. */
async function partnersOf(
  units: readonly UnitPlace[],
  manager: Manager,
  host: HostReader,
  signal: AbortSignal,
): Promise<ReadonlyMap<UnitPlace, readonly (UnitPlace & { readonly live: LiveUnit })[]>> {
  const asked = units.filter(({ name }) => /\.(socket|service)$/.test(name));
  if (asked.length === 0) return new Map();
  const argv = systemctl(manager, 'show', '--property=Accept,Requires,Triggers', '--', ...asked.map(({ name }) => name));
  const result = await host.query(argv, signal, { ...manager.options, timeout: showTimeout });
  if (result.exitCode !== 0) throw programError(result, `systemctl show ${ending(result)}`);
  const blocks = parseBlocks(result.stdout);
  const named = asked.map((place, index): readonly UnitPlace[] => {
    const of = (key: string): readonly string[] => blocks[index]?.get(key)?.split(' ') ?? [];
    // With Accept=yes it has one service per connection, which is none of its start.
    const names = isSocket(place)
      ? of('Triggers').filter(() => !of('Accept').includes('yes'))
      : of('Requires').filter((name) => name.endsWith('.socket'));
    return names.filter((name) => name !== '').map((name) => ({ ...place, name }));
  });
  const { units: live } = await surveyUnits(named.flat(), { host, signal });
  return new Map(
    asked.map((place, index) => [place, named[index]!.map((each) => ({ ...each, live: live.get(unitKey(each))! }))]),
  );
}

/** Those that systemd cannot start yet: a socket without its service, and a service without a socket that it requires. */
export async function lackingPartners(
  units: readonly UnitPlace[],
  manager: Manager,
  host: HostReader,
  signal: AbortSignal,
): Promise<ReadonlySet<UnitPlace>> {
  const partners = await partnersOf(units, manager, host, signal);
  return new Set(units.filter((unit) => partners.get(unit)?.some(({ live }) => live.load === 'not-found')));
}

/** The services of these sockets that run: systemd starts no socket while its service does. */
export async function runningBehind(
  units: readonly UnitPlace[],
  manager: Manager,
  host: HostReader,
  signal: AbortSignal,
): Promise<readonly (UnitPlace & { readonly live: LiveUnit })[]> {
  const partners = await partnersOf(units.filter(isSocket), manager, host, signal);
  return [...partners.values()].flat().filter(({ live }) => isRunning(live));
}

/** Starts units, sockets first. What runs behind one of those is stopped before, and started again after it. */
export async function startUnits(
  verb: 'start' | 'restart',
  units: readonly UnitPlace[],
  { manager, timeout }: { readonly manager: Manager; readonly timeout: number },
  host: Host,
  signal: AbortSignal,
): Promise<{ readonly result: CommandResult; readonly behind: readonly UnitPlace[] }> {
  const run = (word: string, all: readonly UnitPlace[]): Promise<CommandResult> =>
    host.run(systemctl(manager, word, '--', ...new Set(all.map(({ name }) => name))), signal, { ...manager.options, timeout });
  const { units: live } = verb === 'start' ? await surveyUnits(units, { host, signal }) : { units: undefined };
  const isToStart = (unit: UnitPlace): boolean => {
    const found = live?.get(unitKey(unit));
    return !found || !isUp(found);
  };
  const sockets = units.filter((unit) => isSocket(unit) && isToStart(unit));
  const running = await runningBehind(sockets, manager, host, signal);
  const own = running.find((unit) => isOwnUnit(unit, host));
  if (own) throw new Error(`${own.name} is what this run belongs to, and would be stopped for its socket`);
  if (running.length > 0) {
    const stopped = await run('stop', [...sockets, ...running]);
    if (stopped.exitCode !== 0) return { result: stopped, behind: [] };
  }
  return { result: await run(verb, [...sockets, ...units, ...running]), behind: running };
}
