import { isIPv4 } from 'node:net';

/** One slot of a chain, in the order of preference. */
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

/** The providers that Hermes knows by name, beside the custom ones. */
export const knownProviders: readonly string[] = (
  'openrouter nous nous-api anthropic openai-codex copilot copilot-acp gemini zai kimi-coding kimi-coding-cn minimax ' +
  'minimax-cn minimax-oauth deepseek nvidia huggingface xai xai-oauth xiaomi arcee ollama-cloud deepinfra kilocode ' +
  'ai-gateway azure-foundry bedrock alibaba alibaba-coding-plan qwen-oauth opencode-zen opencode-go opencode-free commandcode gmi upstage ' +
  'stepfun nebius-token-factory tencent-tokenhub tencent-tokenplan router lmstudio'
).split(' ');

/** Whether the slot needs no network: a local server's name, and a loopback address where one is given. */
export function isLocalProvider({ provider, base_url: url }: Pick<ProviderSlot, 'provider' | 'base_url'>): boolean {
  if (provider !== 'lmstudio' && !customProviders.includes(provider)) return false;
  return url === undefined ? provider === 'lmstudio' : isLoopback(url);
}

function isLoopback(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { hostname } = new URL(url);
  return hostname === 'localhost' || hostname === '[::1]' || (isIPv4(hostname) && hostname.startsWith('127.'));
}
