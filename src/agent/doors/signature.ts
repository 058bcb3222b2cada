import { createHmac, timingSafeEqual, type KeyObject } from 'node:crypto';
import type { AgentPolicy } from '../../model/host-policy-document.ts';

export type Forge = AgentPolicy['hooks'][number]['forge'];

/** How each forge signs and names its events. Gitea and Forgejo send the headers of the others too; only their own count. */
const customs = {
  gitea: { signature: 'x-gitea-signature', prefix: '', event: 'x-gitea-event' },
  forgejo: { signature: 'x-forgejo-signature', prefix: '', event: 'x-forgejo-event' },
  github: { signature: 'x-hub-signature-256', prefix: 'sha256=', event: 'x-github-event' },
} as const satisfies Record<Forge, unknown>;

/** The values of each header, in lower-case names, as Node's `headersDistinct` has them. */
export type Headers = Readonly<Record<string, readonly string[] | undefined>>;

/** What the forge says has happened; undefined unless it is said once. Not covered by the signature. */
export function readEvent(forge: Forge, headers: Headers): string | undefined {
  const given = headers[customs[forge].event] ?? [];
  return given.length === 1 ? given[0] : undefined;
}

/**
 * True when the forge's signature header is there once, well formed, and the HMAC-SHA256 of these very bytes with one of the
 * keys. The time it takes tells nothing of the keys: each is tried, whatever was given.
 */
export function isSigned(forge: Forge, headers: Headers, body: Uint8Array, keys: readonly KeyObject[]): boolean {
  const { signature, prefix } = customs[forge];
  const given = parseSignature(headers[signature] ?? [], prefix);
  const compared = given ?? Buffer.alloc(32);
  const equal = keys.filter((key) => timingSafeEqual(compared, createHmac('sha256', key).update(body).digest()));
  return given !== undefined && equal.length > 0;
}

/** Undefined for everything that no forge sends: none, several, empty, upper-case, another length or prefix. */
function parseSignature([value, ...more]: readonly string[], prefix: string): Buffer | undefined {
  if (value === undefined || more.length > 0 || !value.startsWith(prefix)) return undefined;
  const digits = value.slice(prefix.length);
  return /^[0-9a-f]{64}$/.test(digits) ? Buffer.from(digits, 'hex') : undefined;
}
