import { isObject, type Json, type JsonObject } from '../model/json.ts';
import { customProviders, type ProviderSlot } from '../model/provider-slot.ts';
import { formatPath, valueAt } from './formats/format.ts';
import type { Leaves } from './leaf-value.ts';
import { knownProviders } from './known-providers.ts';

/** How a chain stands in a file: the keys that it is made of, and how the program that owns the file reads it. */
interface ChainFormat {
  readonly leaves: (chain: readonly ProviderSlot[]) => Leaves;
  /** Keys that would take part in the chain beside ours. */
  readonly unset: (chain: readonly ProviderSlot[]) => readonly string[];
  /** The effective chain; slots that the program would ignore are left out. */
  readonly read: (tree: JsonObject) => readonly ProviderSlot[];
}

/** Its entries that are mappings. */
const mappingsIn = (list: Json | undefined): readonly JsonObject[] =>
  Array.isArray(list) ? (list as readonly Json[]).filter((entry): entry is JsonObject => isObject(entry)) : [];

const textOf = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);

/** Only the members that have a value. */
function slotOf(slot: { readonly [name in keyof ProviderSlot]: ProviderSlot[name] | undefined }): ProviderSlot {
  return Object.fromEntries(Object.entries(slot).filter(([, value]) => value !== undefined)) as unknown as ProviderSlot;
}

/** `model` and `fallback_providers` of Hermes' config.yaml; timeouts and the first slot's key stand under `providers`. */
const hermes: ChainFormat = {
  leaves(chain) {
    const [first, ...rest] = chain;
    const leaves: { [path: string]: Json } = {};
    if (!first) return leaves;
    leaves['model.default'] = first.model;
    leaves['model.provider'] = first.provider;
    if (first.base_url !== undefined) leaves['model.base_url'] = first.base_url;
    leaves['fallback_providers'] = rest.map(({ provider, model, base_url, key_env }): JsonObject => ({
      provider,
      model,
      ...(base_url !== undefined && { base_url }),
      ...(key_env !== undefined && { key_env }),
    }));
    if (first.key_env !== undefined) leaves[formatPath(['providers', first.provider, 'key_env'])] = first.key_env;
    for (const { provider, model, base_url, timeout } of chain) {
      const isNamed = knownProviders.includes(provider) || customProviders.includes(provider);
      if (!isNamed && base_url !== undefined) leaves[formatPath(['providers', provider, 'base_url'])] = base_url;
      if (timeout !== undefined) leaves[timeoutPath(chain, provider, model)] = timeout;
    }
    return leaves;
  },
  // A base URL of an earlier first slot would send the new one's requests there.
  unset: ([first]) => ['model.model', 'fallback_model', ...(first?.base_url === undefined ? ['model.base_url'] : [])],
  read(tree) {
    const model = tree['model'] ?? null;
    const head: JsonObject = isObject(model) ? model : { default: model };
    const first = { ...head, provider: head['provider'] ?? 'auto', model: head['default'] ?? head['model'] ?? null };
    // The older single fallback counts only where there is no list.
    const list = tree['fallback_providers'];
    const rest = mappingsIn(Array.isArray(list) ? list : [tree['fallback_model'] ?? null]);
    return [first, ...rest].flatMap((entry: JsonObject) => {
      const provider = textOf(entry['provider']);
      const name = textOf(entry['model']);
      if (!provider || !name) return [];
      const settings = valueAt(tree, ['providers', provider]) ?? {};
      const timeout = valueAt(settings, ['models', name, 'timeout_seconds']) ?? valueAt(settings, ['request_timeout_seconds']);
      return [
        slotOf({
          provider,
          model: name,
          base_url: textOf(entry['base_url']),
          key_env: textOf(entry['key_env']) ?? textOf(valueAt(settings, ['key_env'])),
          timeout: typeof timeout === 'number' ? timeout : undefined,
        }),
      ];
    });
  },
};

/** One timeout for the provider where its slots agree, else one for each model. */
function timeoutPath(chain: readonly ProviderSlot[], provider: string, model: string): string {
  const timeouts = new Set(chain.filter((slot) => slot.provider === provider).map(({ timeout }) => timeout));
  const keys = timeouts.size === 1 ? ['request_timeout_seconds'] : ['models', model, 'timeout_seconds'];
  return formatPath(['providers', provider, ...keys]);
}

const cascadeTypes = ['ollama', 'airllm', 'anthropic'];

/** `providers` of a cascade's providers.yaml, by priority. The cascade has one timeout for all: the longest of the chain. */
const cascade: ChainFormat = {
  leaves(chain) {
    const timeouts = chain.flatMap(({ timeout }) => timeout ?? []);
    const providers = chain.map((slot, index): JsonObject => {
      const { provider, model, base_url, key_env } = slot;
      const type = cascadeTypes.includes(provider) ? provider : 'openai';
      const isFirst = chain.findIndex((other) => other.provider === provider) === index;
      return {
        name: isFirst ? provider : `${provider}-${index + 1}`,
        type,
        enabled: true,
        priority: index + 1,
        ...(base_url !== undefined && { [type === 'ollama' ? 'url' : 'base_url']: base_url }),
        ...(key_env !== undefined && { api_key: `\${${key_env}}` }),
        models: [{ name: model, default: true }],
      };
    });
    return { providers, ...(timeouts.length > 0 && { 'cascade.timeout_seconds': Math.max(...timeouts) }) };
  },
  unset: () => [],
  read(tree) {
    const timeout = valueAt(tree, ['cascade', 'timeout_seconds']);
    const entries = mappingsIn(tree['providers']).filter(({ enabled }) => enabled !== false);
    const priorityOf = ({ priority }: JsonObject): number => (typeof priority === 'number' ? priority : Number.MAX_SAFE_INTEGER);
    return entries
      .toSorted((a, b) => priorityOf(a) - priorityOf(b))
      .flatMap((entry) => {
        const models = mappingsIn(entry['models']);
        const model = textOf((models.find((one) => one['default'] === true) ?? models[0])?.['name']);
        const name = textOf(entry['name']);
        if (!model || !name) return [];
        return [
          slotOf({
            provider: name.replace(/-\d+$/, ''),
            model,
            base_url: textOf(entry['url']) ?? textOf(entry['base_url']),
            key_env: /^\$\{(\w+)\}$/.exec(textOf(entry['api_key']) ?? '')?.[1],
            timeout: typeof timeout === 'number' ? timeout : undefined,
          }),
        ];
      });
  },
};

export const chainFormats = { hermes, cascade } as const;
export type ChainFormatName = keyof typeof chainFormats;
