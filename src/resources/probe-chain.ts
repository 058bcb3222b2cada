import type { HostReader } from '../host/host.ts';
import { httpStatus } from '../host/http-status.ts';
import { PassingError } from '../model/passing-error.ts';
import type { ProviderSlot } from '../model/provider-slot.ts';
import { dotenvFormat, readAssignments } from './formats/dotenv.ts';

/** That the slots of a chain are asked whether they can be used. */
export interface ChainProbe {
  /** Where the keys stand that the slots name. */
  readonly env_file?: string;
  /** How many slots must be usable. */
  readonly usable: number;
}

/** Why a slot cannot be used; `isDead`: it does not answer as a provider does, which may pass. */
interface Fault {
  readonly message: string;
  readonly isDead: boolean;
}

/** Longest time for an answer, whatever the slot allows for a request. Milliseconds. */
const longest = 10_000;
/** Answers of a provider that is there, but keeps no list of its models. Whether it takes the key is not known then. */
const listless = [404, 405];

/**
 * Asks every slot that has a base URL for its models, all at once. Undefined when enough of them can be used, else what is wrong
 * with each; throws a PassingError instead where that may be over soon. No message holds a key, nor what a provider says.
 */
export async function probeChain(
  chain: readonly ProviderSlot[],
  probe: ChainProbe,
  host: HostReader,
  signal: AbortSignal,
): Promise<string | undefined> {
  const asked = chain.filter(({ base_url: url }) => url !== undefined);
  const keys = keysIn(probe.env_file, host);
  const faults = await Promise.all(asked.map((slot) => probeSlot(slot, keys, probe.env_file, signal)));
  signal.throwIfAborted();
  const found = faults.flatMap((fault, index) => (fault ? [{ ...fault, slot: asked[index]! }] : []));
  const usable = asked.length - found.length;
  if (usable >= probe.usable) return undefined;
  const said = found.map(({ slot: { provider, model }, message }) => `${provider}/${model} ${message}`).join('; ');
  const message = `${usable} of ${asked.length} providers can be used, ${probe.usable} must be: ${said}`;
  // With those that may come back there would be enough.
  if (usable + found.filter(({ isDead }) => isDead).length >= probe.usable) throw new PassingError(message);
  return message;
}

function keysIn(path: string | undefined, host: HostReader): ReadonlyMap<string, string> {
  const bytes = path === undefined ? undefined : host.readFile(path, dotenvFormat.maxBytes);
  return bytes ? readAssignments(bytes.toString()) : new Map();
}

async function probeSlot(
  { base_url: base, key_env: name, timeout }: ProviderSlot,
  keys: ReadonlyMap<string, string>,
  place: string | undefined,
  signal: AbortSignal,
): Promise<Fault | undefined> {
  const key = name === undefined ? undefined : keys.get(name);
  if (name !== undefined && (key === undefined || !/^[\x21-\x7e]+$/.test(key)))
    return { message: `has no key: ${name} does not stand in ${place ?? 'any env_file'}, or is no key`, isDead: false };
  const limit = AbortSignal.timeout(Math.min(longest, (timeout ?? Infinity) * 1000));
  const url = `${base!.replace(/\/+$/, '')}/models`;
  const headers = key === undefined ? undefined : { authorization: `Bearer ${key}` };
  try {
    return faultOf(await httpStatus(url, AbortSignal.any([signal, limit]), headers), name);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return { message: limit.aborted ? 'does not answer in time' : `cannot be reached (${code ?? 'no answer'})`, isDead: true };
  }
}

function faultOf(status: number, name: string | undefined): Fault | undefined {
  if ((status >= 200 && status < 300) || listless.includes(status)) return undefined;
  const isRefused = status === 401 || status === 403;
  const why = isRefused ? (name === undefined ? ', and the slot has no key_env' : `: it does not take the key in ${name}`) : '';
  return { message: `answers ${status}${why}`, isDead: status === 408 || status === 429 || status >= 500 };
}
