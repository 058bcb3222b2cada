import { isLoopback } from './contact.ts';

/** One slot of a provider chain, in the order of preference. */
export interface ProviderSlot {
  readonly provider: string;
  readonly model: string;
  readonly base_url?: string;
  readonly key_env?: string;
  /** Seconds. */
  readonly timeout?: number;
}

/** Providers that run wherever their `base_url` says: Hermes knows no address for them. */
export const customProviders: readonly string[] = ['custom', 'ollama', 'vllm', 'llamacpp'];

/**
 * Whether the slot needs no network: a local server's name with a loopback address, or LM Studio, whose own address is one.
 * A remote provider behind a proxy on this machine is not local.
 */
export function isLocalSlot({ provider, base_url: url }: Pick<ProviderSlot, 'provider' | 'base_url'>): boolean {
  if (provider !== 'lmstudio' && !customProviders.includes(provider)) return false;
  return url === undefined ? provider === 'lmstudio' : isOfThisMachine(url);
}

function isOfThisMachine(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { hostname } = new URL(url);
  return hostname.endsWith('.localhost') || isLoopback(hostname);
}
