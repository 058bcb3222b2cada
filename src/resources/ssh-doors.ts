import { BlockList, isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import type { HostReader } from '../host/host.ts';
import type { FirewallRule } from './ufw-rules.ts';

/** A way in that must stay open. */
export type SshDoor = {
  readonly port: number;
  /** Of the session that this run was started in. */
  readonly client?: string;
  /** Through which it comes. */
  readonly interface?: string;
};

const configuration = '/etc/ssh/sshd_config';
/** Processes above this one in which the session is looked for: a shell, sudo, a script. */
const mostAncestors = 12;

/** Where sshd may be reached: the ports of its configuration, those that it listens on, and the session of this run. */
export async function findSshDoors(host: HostReader, signal: AbortSignal): Promise<readonly SshDoor[]> {
  const ofSocket = host.live ? await socketPorts(host, signal) : [];
  // sshd does not ask its configuration where it is handed its sockets.
  const ports = new Set(ofSocket.length > 0 ? ofSocket : configuredPorts(host));
  if (host.live) for (const port of await listeningPorts(host, signal)) ports.add(port);
  const session = host.live ? readSession(host) : undefined;
  return [...[...ports].sort((a, b) => a - b).map((port) => ({ port })), ...(session ? [session] : [])];
}

function configuredPorts(host: HostReader): readonly number[] {
  const parts = (host.list('/etc/ssh/sshd_config.d') ?? []).filter((name) => name.endsWith('.conf'));
  const files = [configuration, ...parts.map((name) => `/etc/ssh/sshd_config.d/${name}`)];
  const texts = files.flatMap((path) => (host.stat(path)?.type === 'file' ? [host.readFile(path)?.toString() ?? ''] : []));
  const found = texts.flatMap((text) => [
    ...text.matchAll(/^[ \t]*Port[ \t=]+"?(\d{1,5})\b/gim),
    ...text.matchAll(/^[ \t]*ListenAddress[ \t=]+"?(?:\[[^\]]*\]|[^\s:"]+):(\d{1,5})\b/gim),
  ]);
  if (found.length > 0) return found.map(([, port]) => Number(port));
  return texts.length > 0 ? [22] : [];
}

/** Of the programs that listen now. Without `ss` only the configuration is known. */
async function listeningPorts(host: HostReader, signal: AbortSignal): Promise<readonly number[]> {
  if (!['/usr/bin/ss', '/bin/ss', '/usr/sbin/ss'].some((path) => host.stat(path))) return [];
  const { stdout } = await host.query(['ss', '--no-header', '--listening', '--tcp', '--numeric', '--processes'], signal);
  return readListeners(stdout);
}

/** Where systemd listens for sshd, and starts it with the first who comes. */
async function socketPorts(host: HostReader, signal: AbortSignal): Promise<readonly number[]> {
  if (!host.stat('/run/systemd/system')) return [];
  const { stdout } = await host.query(['systemctl', 'show', '--property=ActiveState,Listen', 'ssh.socket'], signal);
  if (!/^ActiveState=active$/m.test(stdout)) return [];
  const places = [...stdout.matchAll(/^Listen=(\S+) \(Stream\)$/gm)].map(([, place = '']) => place);
  return places.filter(isWayIn).map(portOf);
}

/** The ports of sshd in what `ss -Hltnp` says; what listens on loopback alone is no way in. */
export const readListeners = (text: string): readonly number[] =>
  text
    .split('\n')
    .filter((line) => line.includes('("sshd"'))
    .map((line) => line.trim().split(/\s+/)[3] ?? '')
    .filter(isWayIn)
    .map(portOf);

const isWayIn = (local: string): boolean => /:\d+$/.test(local) && !/^(127\.|\[::1\])/.test(local);
const portOf = (local: string): number => Number(local.slice(local.lastIndexOf(':') + 1));

function readSession(host: HostReader): SshDoor | undefined {
  const words = readConnection(host);
  return words === undefined ? undefined : sessionOf(words);
}

/**
 * The connection of the SSH session that this process was started in: `CLIENT PORT SERVER PORT`. sudo takes the variable away, but
 * the shell above it still has it.
 */
export function readConnection(host: HostReader): string | undefined {
  let words = process.env['SSH_CONNECTION'];
  let pid = process.ppid;
  for (let count = 0; words === undefined && pid > 1 && count < mostAncestors; count++) {
    const { environment, parent } = readProcess(pid, host);
    words = environment.find((entry) => entry.startsWith('SSH_CONNECTION='))?.slice('SSH_CONNECTION='.length);
    pid = parent;
  }
  return words;
}

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8);
loopback.addAddress('::1', 'ipv6');

/** `CLIENT PORT SERVER PORT`, as sshd says it. Undefined also for a session of the machine with itself, which ufw never keeps out. */
export function sessionOf(words: string): SshDoor | undefined {
  const [client = '', , server = '', port] = words.split(' ');
  if (isIP(client) === 0 || !/^\d+$/.test(port ?? '')) return undefined;
  if (loopback.check(client, isIP(client) === 6 ? 'ipv6' : 'ipv4')) return undefined;
  const device = Object.entries(networkInterfaces()).find(([, all]) => all?.some(({ address }) => address === server))?.[0];
  return { port: Number(port), client, ...(device !== undefined && { interface: device }) };
}

function readProcess(pid: number, host: HostReader): { readonly environment: readonly string[]; readonly parent: number } {
  try {
    const environment = host.readFile(`/proc/${pid}/environ`)?.toString().split('\0') ?? [];
    const parent = /^PPid:\s*(\d+)$/m.exec(host.readFile(`/proc/${pid}/status`)?.toString() ?? '')?.[1];
    return { environment, parent: Number(parent ?? 0) };
  } catch {
    // Somebody else's, or gone: nothing above it can be known.
    return { environment: [], parent: 0 };
  }
}

/** Whether somebody can come in there, and the client of the session, where there is one. The first rule that fits decides. */
export function isOpen(door: SshDoor, rules: readonly FirewallRule[], incoming: 'allow' | 'deny' | 'reject'): boolean {
  for (const { action, port, proto, from, interface: device } of rules) {
    if (proto === 'udp' || !coversPort(port, door.port)) continue;
    const isLetIn = action === 'allow' || action === 'limit';
    // Where nobody is known, whom it lets in is enough, and whom it keeps out are not all.
    if (door.client === undefined) {
      if (isLetIn) return true;
      if (from === undefined && device === undefined) return false;
      continue;
    }
    const isHere = (from === undefined || covers(from, door.client)) && (device === undefined || device === door.interface);
    if (isHere) return isLetIn;
  }
  return incoming === 'allow';
}

function coversPort(ports: string | undefined, port: number): boolean {
  if (ports === undefined) return true;
  const [first, last = first] = ports.split(':').map(Number);
  return port >= (first ?? 0) && port <= (last ?? 0);
}

function covers(network: string, client: string): boolean {
  const [address = '', length] = network.split('/');
  const family = (text: string): 'ipv4' | 'ipv6' => (isIP(text) === 6 ? 'ipv6' : 'ipv4');
  const list = new BlockList();
  if (length === undefined) list.addAddress(address, family(address));
  else list.addSubnet(address, Number(length), family(address));
  return list.check(client, family(client));
}
