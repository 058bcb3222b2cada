import type { HostOutcome } from '../model/fleet.ts';
import type { ReportedStep } from '../model/report.ts';

/** A step that hosts have in common. */
export interface SharedStep {
  readonly step: ReportedStep;
  /** Undefined where it is the same on all of them; else the host whose step is shown for all, each of which has its own. */
  readonly exampleOf: string | undefined;
}

/** Steps of exactly the same hosts. */
interface StepGroup {
  /** In the order of the report. */
  readonly hosts: readonly string[];
  /** In the order of the first host's plan. */
  readonly steps: readonly SharedStep[];
}

interface Variant {
  readonly step: ReportedStep;
  readonly hosts: string[];
}

/** So many different steps of one resource are shown one by one, however few hosts have them in common. */
const mostVariants = 2;

/**
 * What many hosts would do, told once: each step with all hosts that have it, and steps of the same hosts together, most hosts first. Where
 * the same is done to a resource with a difference on nearly every host (its own name is in it), one of them is shown for all.
 */
export function groupSteps(outcomes: readonly HostOutcome[]): readonly StepGroup[] {
  const byAddress = new Map<string, Map<string, Variant>>();
  for (const { host, report } of outcomes)
    for (const step of (report?.steps ?? []).filter(isShown)) {
      const variants = byAddress.get(step.address) ?? new Map<string, Variant>();
      byAddress.set(step.address, variants);
      const variant = variants.get(keyOf(step)) ?? { step, hosts: [] };
      variants.set(keyOf(step), variant);
      // A host may say anything, and anything twice.
      if (variant.hosts.at(-1) !== host) variant.hosts.push(host);
    }
  const groups = new Map<string, { hosts: readonly string[]; steps: SharedStep[] }>();
  const add = (hosts: readonly string[], shared: SharedStep): void => {
    const key = JSON.stringify(hosts);
    const group = groups.get(key) ?? { hosts, steps: [] };
    groups.set(key, group);
    group.steps.push(shared);
  };
  const order = new Map(outcomes.map(({ host }, index) => [host, index]));
  for (const all of byAddress.values())
    for (const variants of Map.groupBy(all.values(), ({ step }) => deedOf(step)).values()) {
      const hosts = variants.flatMap((variant) => variant.hosts).sort((a, b) => order.get(a)! - order.get(b)!);
      if (variants.length <= mostVariants || variants.length * 2 < hosts.length)
        for (const { step, hosts: own } of variants) add(own, { step, exampleOf: undefined });
      else add(hosts, { step: variants[0]!.step, exampleOf: variants[0]!.hosts[0]! });
    }
  return [...groups.values()].sort((a, b) => b.hosts.length - a.hosts.length);
}

/** What is to be done, and what is kept from being done. Who has adopted something has nothing to decide. */
const isShown = ({ action, outcome }: ReportedStep): boolean => action !== 'none' || outcome === 'held';

/** What is done, and why, whatever the texts are. */
const deedOf = ({ cause, action, outcome }: ReportedStep): string => JSON.stringify([cause, action, outcome]);

/** The same for steps that say the same, wherever they are declared. */
const keyOf = ({ cause, action, outcome, reason, changes, diffs }: ReportedStep): string =>
  JSON.stringify([cause, action, outcome, reason, changes, diffs]);
