import type { AgentStatus } from './agent.ts';
import type { Event } from './event.ts';
import type { ExitName } from './exit-code.ts';
import { isObject } from './json.ts';

/**
 * The conversation of `reconcile fleet` with the program on a host, over `reconcile receive` or the agent's control socket
 * (`POST /receive`). The host says `Greeting` (over the socket: `GET /greeting`), the operator sends one `Order` as a line
 * of JSON and behind it the bytes of a git bundle, the host answers with lines of JSON: `VisitEvent`s, of which the last
 * is `finished` or `declined`.
 */
export const visitProtocol = 1;

/** Longest order in bytes. */
export const longestOrder = 64 * 1024;
/** Largest bundle in bytes. */
export const largestBundle = 1024 * 1024 * 1024;

export interface Order {
  readonly protocol: typeof visitProtocol;
  /** `converge` to a revision that the host then keeps up, or only a look at what it would change. */
  readonly action: 'check' | 'converge';
  /** Name of the host in the inventory, as the operator knows it. */
  readonly host: string;
  readonly commit: string;
  readonly branch: string;
  /** Bytes of the bundle that follow; 0 where the host has the commit. */
  readonly bundle: number;
  readonly tags: readonly string[];
  readonly paranoid: boolean;
  /** With a check: ask the roles' health checks too. */
  readonly health?: boolean;
  /** Refuse unless the plan has this digest (`fleet apply`). */
  readonly planDigest?: string;
}

/**
 * The order that a line says; throws with what is wrong with it. By hand, for loading zod takes longer than all that a host
 * does on which nothing has moved.
 */
export function readOrder(line: string): Order {
  const value: unknown = JSON.parse(line);
  if (!isObject(value)) throw new Error('it is no object');
  const {
    protocol,
    action,
    host,
    commit,
    branch,
    bundle,
    tags = [],
    paranoid = false,
    health = false,
    planDigest,
    ...rest
  } = value;
  if (protocol !== visitProtocol)
    throw new Error(`it speaks protocol ${JSON.stringify(protocol)}, and this program ${visitProtocol}`);
  const [unknown] = Object.keys(rest);
  if (unknown !== undefined) throw new Error(`it has a member that nothing reads: ${JSON.stringify(unknown)}`);
  if (action !== 'check' && action !== 'converge') throw new Error('its action is neither check nor converge');
  if (!isText(host, 255)) throw new Error('it names no host');
  if (typeof commit !== 'string' || !/^[0-9a-f]{40}$/.test(commit)) throw new Error('it names no commit');
  if (!isText(branch, 255)) throw new Error('it names no branch');
  if (typeof bundle !== 'number' || !Number.isSafeInteger(bundle) || bundle < 0 || bundle > largestBundle)
    throw new Error(`its bundle has not between 0 and ${largestBundle} bytes`);
  if (!Array.isArray(tags) || tags.length > 100 || !tags.every((tag) => isText(tag, 200)))
    throw new Error('its tags are no tags');
  if (typeof paranoid !== 'boolean') throw new Error('its paranoid is neither true nor false');
  if (typeof health !== 'boolean') throw new Error('its health is neither true nor false');
  if (planDigest !== undefined && !isText(planDigest, 200)) throw new Error('its plan digest is none');
  const asked = { protocol: visitProtocol, action, host, commit, branch, bundle, tags, paranoid, health } as const;
  return { ...asked, ...(planDigest !== undefined && { planDigest }) };
}

const isText = (value: unknown, longest: number): value is string =>
  typeof value === 'string' && value.length > 0 && value.length <= longest;

/** What a host says of itself before it is told anything. */
export interface Greeting {
  readonly type: 'greeting';
  readonly protocol: typeof visitProtocol;
  readonly version: string;
  /** Its name, as its own policy says; null where that leaves it open. */
  readonly host: string | null;
  /** Commits that it has and from which a bundle may leave out what they contain; the one that was pushed last first. */
  readonly commits: readonly string[];
  /** Of the agent that answers; null where none runs. */
  readonly status: AgentStatus | null;
}

/** The order was not carried out; nothing was changed. */
export interface Declined {
  readonly type: 'declined';
  readonly exit: ExitName;
  readonly message: string;
  readonly hint?: string;
}

export type VisitEvent = Event | Declined;
