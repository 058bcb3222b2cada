import type { Document, RolloutDocument } from '../model/document.ts';
import { milliseconds } from '../model/duration.ts';
import type { WithProblems } from '../model/located.ts';
import type { Problem } from '../model/problem.ts';
import type { Inventory } from './inventory.ts';
import { selectHosts } from './select-hosts.ts';

/** Hosts that get a revision at the same time. */
export interface Wave {
  readonly name: string;
  readonly hosts: readonly string[];
  /** Milliseconds in which they must stay well before the next wave begins. */
  readonly bake: number;
  /** How many of them may fail before everything stops. */
  readonly mayFail: number;
}

/** No name in rollout.yaml can have a space. */
const leftOver = 'the rest';

/**
 * The waves in their order, without empty ones: every host of the inventory is in exactly one, the first that names it. Hosts that
 * none names make up a last wave, which is watched as long as the wave before it. With `chosen`, waves have only these hosts,
 * in the same order; which wave a host is in does not depend on who is chosen.
 */
export function planWaves(
  { source, value }: Document<RolloutDocument>,
  inventory: Inventory,
  chosen?: ReadonlySet<string>,
): WithProblems & { readonly waves: readonly Wave[] } {
  const problems: Problem[] = [];
  const taken = new Set<string>();
  const waves: Wave[] = [];
  const add = (name: string, hosts: readonly string[], bake: number): void => {
    for (const host of hosts) taken.add(host);
    const own = hosts.filter((host) => chosen?.has(host) ?? true);
    if (own.length > 0) waves.push({ name, hosts: own, bake, mayFail: share(value.max_fail, own.length, Math.floor) });
  };
  for (const [index, { name, hosts: pattern, count, bake }] of value.waves.entries()) {
    const { hosts, problems: found } = selectHosts(inventory, pattern);
    problems.push(...found.map((problem) => ({ ...problem, at: source.at(['waves', index, 'hosts']) })));
    const free = hosts.filter((host) => !taken.has(host));
    const most = count === undefined ? free.length : share(count, hosts.length, Math.ceil);
    add(name, free.slice(0, most), milliseconds(bake));
  }
  const last = value.waves.at(-1);
  add(
    leftOver,
    inventory.hosts.filter((host) => !taken.has(host)),
    last ? milliseconds(last.bake) : 0,
  );
  return { waves, problems };
}

/** `2` is 2; `10%` of 25 is 2 or 3, as `round` says. Never more than there are. */
const share = (part: number | string, of: number, round: (value: number) => number): number =>
  Math.min(of, typeof part === 'number' ? part : round((Number(part.slice(0, -1)) * of) / 100));
