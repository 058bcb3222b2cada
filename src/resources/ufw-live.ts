import type { AbsolutePath, Argv, Host, HostReader } from '../host/host.ts';
import { howItEnded, wasKilled } from '../model/how-it-ended.ts';
import { lastLines } from '../model/last-lines.ts';
import { makeFailure, PassingError } from '../model/passing-error.ts';
import { askOutside, runOutside } from './run-outside.ts';
import { markedSysctlFiles } from './sysctl-files.ts';

/** What the files of ufw say, in its words. */
export interface UfwFiles {
  readonly enabled: string;
  readonly incoming: string;
  readonly outgoing: string;
  readonly rules: string;
  readonly rules6: string;
  /** Whether it has rules for IPv6 too. */
  readonly ipv6: string;
}

/** Of one call of ufw. Milliseconds. */
export const ufwTimeout = 60_000;
const families = [
  { program: 'iptables', ufw: 'ufw', rules: 'rules' },
  { program: 'ip6tables', ufw: 'ufw6', rules: 'rules6' },
] as const;
type Family = (typeof families)[number];
const directions = ['input', 'output', 'forward'] as const;
type Direction = (typeof directions)[number];
/** In the order in which ufw puts its chains into one of the kernel's. */
const parts = ['before-logging', 'before', 'after', 'after-logging', 'reject', 'track'] as const;

const unit = 'ufw.service';
const unitDirectory: AbsolutePath = '/etc/systemd/system';
const mask: AbsolutePath = `${unitDirectory}/${unit}`;
export const bootLink: AbsolutePath = `${unitDirectory}/multi-user.target.wants/${unit}`;

/** Whether the kernel does what the files say: they alone stop nobody. */
export async function isInForce(files: UfwFiles, host: HostReader, signal: AbortSignal): Promise<boolean> {
  const isOn = isEnabled(files);
  const answers = await Promise.all(
    familiesOf(files, host).map(async (family) => isFamilyInForce(family, files, await listRules(family, host, signal))),
  );
  return isOn ? answers.every(({ isWhole }) => isWhole) : answers.every(({ isThere }) => !isThere);
}

/** Whether everything comes in that the files would stop. */
export async function isWideOpen(files: UfwFiles, host: HostReader, signal: AbortSignal): Promise<boolean> {
  const lines = await listRules(families[0], host, signal);
  return isEnabled(files) && files.incoming !== 'ACCEPT' && lines.includes('-P INPUT ACCEPT');
}

const isEnabled = ({ enabled }: UfwFiles): boolean => enabled === 'yes';

const familiesOf = ({ ipv6 }: UfwFiles, host: HostReader): readonly Family[] =>
  families.filter(({ ufw }) => ufw === 'ufw' || (ipv6 === 'yes' && host.stat('/proc/net/if_inet6') !== undefined));

export function isFamilyInForce({ ufw, rules }: Pick<Family, 'ufw' | 'rules'>, files: UfwFiles, lines: readonly string[]) {
  const policyOf = (policy: string): string => (policy === 'ACCEPT' ? 'ACCEPT' : 'DROP');
  const isThere = lines.includes(`-A ${ufw}-before-input -j ${ufw}-user-input`);
  const inKernel = lines.filter((line) => line.startsWith(`-A ${ufw}-user-input `)).length;
  // The kernel has its own words for a rule, but one for each.
  const inFile = files[rules].split('\n').filter((line) => line.startsWith(`-A ${ufw}-user-input `));
  const isWhole =
    isThere &&
    lines.includes(`-P INPUT ${policyOf(files.incoming)}`) &&
    lines.includes(`-P OUTPUT ${policyOf(files.outgoing)}`) &&
    lines.includes(hookOf(ufw, 'input', 'before')) &&
    lines.includes(hookOf(ufw, 'output', 'before')) &&
    inKernel === inFile.length;
  return { isThere, isWhole };
}

const hookOf = (ufw: string, direction: Direction, part: (typeof parts)[number]): string =>
  `-A ${direction.toUpperCase()} -j ${ufw}-${part}-${direction}`;

async function listRules({ program }: Family, host: HostReader, signal: AbortSignal): Promise<readonly string[]> {
  const result = await askOutside([program, '--list-rules'], { timeout: ufwTimeout }, host, signal);
  if (wasKilled(result)) throw new PassingError(`${program} ${howItEnded(result)}`);
  return result.stdout.split('\n').map((line) => line.trim());
}

/** Whether systemd starts it with the host; so it is where there is no systemd, which other means start it by then. */
export function startsAtBoot(host: HostReader): boolean {
  if (!host.stat('/run/systemd/system')) return true;
  if (host.stat(mask)?.type === 'link') return false;
  const wants = (host.list(unitDirectory) ?? []).filter((name) => name.endsWith('.wants'));
  return wants.some((name) => host.stat(`${unitDirectory}/${name}/${unit}`) !== undefined);
}

/** What `startWithHost` may write. */
export const bootPaths = [bootLink, mask] as const;

export function startWithHost(host: Host): void {
  if (startsAtBoot(host)) return;
  const file = [`/lib/systemd/system/${unit}`, `/usr/lib/systemd/system/${unit}`].find((path) => host.stat(path));
  if (file === undefined) throw new Error(`this host has no ${unit} that could be started with it`);
  if (host.stat(mask)?.type === 'link') host.remove(mask);
  host.link(bootLink, file);
}

/** Makes the kernel do what the files say. */
export async function load(files: UfwFiles, host: Host, signal: AbortSignal): Promise<void> {
  const isOn = isEnabled(files);
  if (isOn) for (const family of familiesOf(files, host)) await hookIn(family, host, signal);
  await act('ufw did not take its rules', ['ufw', isOn ? 'reload' : 'disable'], host, signal);
  for (const family of familiesOf(files, host)) await removeProbes(family, host, signal);
  // ufw has kernel settings of its own, and sets them whenever it starts.
  const settings = isOn ? markedSysctlFiles(host) : [];
  if (settings.length > 0) await act('kernel settings are not back after ufw', ['sysctl', '--load', ...settings], host, signal);
}

/** Makes the kernel let everything through, as it did; the files stay. */
export const unload = (host: Host, signal: AbortSignal): Promise<void> =>
  act('ufw did not let go of the kernel', ['/lib/ufw/ufw-init', 'stop'], host, signal);

/**
 * ufw calls its chains from those of the kernel only when it makes them. Where somebody has flushed the kernel's, it would
 * set the policies alone and shut everybody out.
 */
async function hookIn(family: Family, host: Host, signal: AbortSignal): Promise<void> {
  const { program, ufw } = family;
  const lines = await listRules(family, host, signal);
  for (const direction of directions) {
    if (!lines.includes(`-N ${ufw}-before-logging-${direction}`) || lines.includes(hookOf(ufw, direction, 'before'))) continue;
    const hooks = parts.map((part) => hookOf(ufw, direction, part));
    for (const hook of hooks.filter((each) => lines.includes(each))) await run([program, ...wordsOf(hook, '-D')], host, signal);
    for (const hook of hooks) await run([program, ...wordsOf(hook, '-A')], host, signal);
  }
}

/** Chains in which a ufw that was killed tried what the kernel can do. Each has another name, so they would pile up. */
async function removeProbes(family: Family, host: Host, signal: AbortSignal): Promise<void> {
  const { program, ufw } = family;
  const lines = (await listRules(family, host, signal)).map((line) => line.split(' '));
  const isProbe = ([flag, chain = '']: readonly string[]): boolean => flag === '-N' && chain.startsWith(`${ufw}-caps-test`);
  for (const [, chain = ''] of lines.filter(isProbe)) {
    if (lines.some((words) => words.slice(2).includes(chain))) continue;
    for (const flag of ['--flush', '--delete-chain']) await run([program, flag, chain], host, signal);
  }
}

const wordsOf = (hook: string, flag: string): readonly string[] => [flag, ...hook.split(' ').slice(1)];

/** The agent's own sandbox has no rights over the network. */
const run = (argv: Argv, host: Host, signal: AbortSignal) => runOutside(argv, { env: {}, timeout: ufwTimeout }, host, signal);

/** `unless`: what it is when that fails. */
async function act(unless: string, argv: Argv, host: Host, signal: AbortSignal): Promise<void> {
  const { exitCode, isKilled, said } = await run(argv, host, signal);
  if (exitCode !== 0) throw makeFailure(`${unless}: ${lastLines(said.trim())}`, isKilled);
}
