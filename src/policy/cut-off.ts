import type { Address } from '../model/catalog.ts';
import { isDone, type Step } from '../model/plan.ts';
import type { JudgeInput } from './judge-input.ts';
import { isBelow, plainPath } from './path-rules.ts';

const agentUnit = 'timmy-reconciler.service';
const riskyUnits: readonly string[] = [
  'ssh.service',
  'ssh.socket',
  'sshd.service',
  'networking.service',
  'systemd-networkd.service',
  'systemd-networkd.socket',
  'systemd-resolved.service',
  'NetworkManager.service',
  'ufw.service',
  'nftables.service',
  'firewalld.service',
  agentUnit,
];
const riskyPackages: readonly string[] = [
  'openssh-server',
  'ufw',
  'nftables',
  'iptables',
  'firewalld',
  'ifupdown',
  'netplan.io',
  'network-manager',
  'systemd-resolved',
];
/** Files, or directories with all that is below. */
const riskyPaths: readonly string[] = [
  '/etc/ssh',
  '/etc/network',
  '/etc/netplan',
  '/etc/systemd/network',
  '/etc/systemd/networkd.conf',
  '/etc/systemd/resolved.conf',
  '/etc/NetworkManager',
  '/etc/resolv.conf',
  '/etc/hosts',
  '/etc/hosts.allow',
  '/etc/hosts.deny',
  '/etc/nsswitch.conf',
  '/etc/nftables.conf',
  '/etc/iptables',
  '/etc/ufw',
  '/etc/default/ufw',
  ...riskyUnits.flatMap((unit) => [`/etc/systemd/system/${unit}`, `/etc/systemd/system/${unit}.d`]),
];

/**
 * Resources whose change, as a plan makes it, could cut the host off from its remote and from the people who look after it: sshd,
 * firewall, network, and the unit of the agent. What only goes back to what was proved before is not among them.
 */
export function findCutOffs({
  plan: { steps },
  pathsOf,
  unitsOf,
  packagesOf,
}: Pick<JudgeInput, 'plan' | 'pathsOf' | 'unitsOf' | 'packagesOf'>): readonly Address[] {
  const byAddress = new Map(steps.map((step) => [step.address, step]));
  const isRiskyUnit = (step: Step | undefined): boolean => step !== undefined && unitsOf(step).some(isRisky);
  const canCutOff = (step: Step): boolean =>
    step.resource.kind === 'firewall' ||
    isRiskyUnit(step) ||
    step.refreshes.some((address) => isRiskyUnit(byAddress.get(address))) ||
    packagesOf(step).some(({ name }) => riskyPackages.includes(name)) ||
    pathsOf(step).some((path) => isRiskyPath(path, step));
  return steps.filter((step) => isDone(step) && step.cause !== 'drift' && canCutOff(step)).map(({ address }) => address);
}

const isRisky = (unit: string): boolean => riskyUnits.includes(unit);

function isRiskyPath(written: string, { diff }: Step): boolean {
  const path = plainPath(written);
  const destroys = diff.action === 'remove' || diff.action === 'replace';
  return riskyPaths.some((risky) => isBelow(path, risky) || (destroys && isBelow(risky, path)));
}
