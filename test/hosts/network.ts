import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';

const execute = promisify(execFile);
const ip = async (...args: readonly string[]): Promise<string> => (await execute('ip', [...args])).stdout;

/**
 * The network that the hosts of this process share with it, and with nothing else: a bridge with the subnet
 * 10.213.<slot>.0/24, where this process is .1. No host has a route to anywhere else.
 */
export interface Network {
  /** Where hosts reach servers of this process. */
  readonly gateway: string;
  /** A free address, and an id that no other host of this machine has now. */
  reserve(): { readonly id: string; readonly address: string };
  /** Gives the network namespace of the process its only interface, `host0`. */
  connect(id: string, pid: number): Promise<void>;
  /** Removes what hosts of this id, which have ended, left behind. */
  remove(id: string): Promise<void>;
}

let current: Promise<Network & { close(): Promise<void> }> | undefined;
let users = 0;

/** Enters the network of this process, which exists while somebody uses it. */
export async function joinNetwork(): Promise<Network & AsyncDisposable> {
  users++;
  current ??= openNetwork();
  const joined = current;
  const leave = async (): Promise<void> => {
    if (--users > 0) return;
    current = undefined;
    await (await joined).close();
  };
  try {
    return { ...(await joined), [Symbol.asyncDispose]: leave };
  } catch (error) {
    if (--users === 0) current = undefined;
    throw error;
  }
}

async function openNetwork(): Promise<Network & { close(): Promise<void> }> {
  const { slot, claim } = await claimFreeSlot();
  const [bridge, gateway] = [`timmy${slot}`, `10.213.${slot}.1`];
  await ip('link', 'add', 'name', bridge, 'type', 'bridge');
  await ip('address', 'add', `${gateway}/24`, 'dev', bridge);
  await ip('link', 'set', bridge, 'up');
  let last = 1;
  return {
    gateway,
    reserve() {
      last++;
      return { id: `${bridge}-${last}`, address: `10.213.${slot}.${last}` };
    },
    async connect(id, pid) {
      await ip('link', 'add', 'name', id, 'type', 'veth', 'peer', 'name', 'host0', 'netns', String(pid));
      await ip('link', 'set', id, 'master', bridge, 'up');
    },
    remove: (id) => removeControlGroups(id, 5),
    async close() {
      await removeLinks(slot);
      claim.close();
    },
  };
}

/**
 * The slot belongs to who listens on its abstract socket, so it is free again when that process is gone, however it
 * ended. Whatever still has the name of a free slot is a dead owner's and is removed.
 */
async function claimFreeSlot(): Promise<{ readonly slot: number; readonly claim: Server }> {
  const claims = new Map<number, Server>();
  const busy = new Set<number>();
  const take = async (slot: number): Promise<void> => {
    const claim = await listen(`\0timmy-test-hosts-${slot}`);
    if (claim) claims.set(slot, claim);
  };
  for (const slot of new Set((await linkNames()).map(slotOf))) if (slot !== undefined) await take(slot);
  for (const [slot, claim] of claims) {
    // Somebody's program may hold on to a dead host; then its name stays in use.
    const isFree = await removeLinks(slot)
      .then(() => removeControlGroups(`timmy${slot}-*`, 1))
      .then(
        () => true,
        () => false,
      );
    if (isFree) continue;
    busy.add(slot);
    claims.delete(slot);
    claim.close();
  }
  for (let slot = 1; claims.size === 0 && slot < 255; slot++) if (!busy.has(slot)) await take(slot);
  const [first, ...rest] = claims;
  if (!first) throw new Error('all 254 networks for test hosts are in use');
  for (const [, claim] of rest) claim.close();
  return { slot: first[0], claim: first[1] };
}

async function listen(path: string): Promise<Server | undefined> {
  const server = createServer().listen(path).unref();
  try {
    await once(server, 'listening');
    return server;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') return undefined;
    throw error;
  }
}

const linkNames = async (): Promise<string[]> =>
  (JSON.parse(await ip('-json', 'link', 'show')) as { readonly ifname: string }[]).map(({ ifname }) => ifname);

function slotOf(link: string): number | undefined {
  const [, slot] = /^timmy(\d{1,3})(?:-\d+)?$/.exec(link) ?? [];
  return slot === undefined ? undefined : Number(slot);
}

/** A cable whose host has just ended may go by itself meanwhile. */
async function removeLinks(slot: number): Promise<void> {
  for (const link of await linkNames())
    if (slotOf(link) === slot)
      await ip('link', 'delete', link).catch(async (error: unknown) => {
        if ((await linkNames()).includes(link)) throw error;
      });
}

/** They outlive their processes, which may be ending still. The hierarchy is mounted for this alone, whatever this machine has. */
async function removeControlGroups(pattern: string, seconds: number): Promise<void> {
  await execute('unshare', ['--mount', join(import.meta.dirname, 'remove-control-groups.sh'), pattern, String(seconds)]);
}
