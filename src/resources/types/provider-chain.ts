import type { Contact } from '../../model/contact.ts';
import { nearest } from '../../model/nearest.ts';
import { converged, type Change } from '../../model/plan.ts';
import { customProviders, type ProviderSlot } from '../../model/provider-slot.ts';
import { carryKeys, touchedKeys } from '../carry-keys.ts';
import { formatMode, parseMode } from '../file-mode.ts';
import { chainFormats, type ChainFormatName } from '../chain-formats.ts';
import { readText } from '../formats/format.ts';
import { yamlFormat } from '../formats/yaml.ts';
import {
  applyKeys,
  diffKeys,
  editKeys,
  inspectKeys,
  previewKeys,
  readLive,
  type KeyedFile,
  type KeyedState,
} from '../keyed-file.ts';
import { knownProviders } from '../known-providers.ts';
import { accountsOf, ownershipOf } from '../ownership.ts';
import { refuseKeys } from '../refuse-keys.ts';
import type { ChainProbe } from '../probe-chain.ts';
import { defineResourceType, type AttributesOf, type Failure, type PrepareContext, type Vocabulary } from '../resource-type.ts';

const maxSlots = 16;

const spec = ({ z, absolutePath, fileMode, ownerName, validateArgv }: Vocabulary) => {
  const slot = z.strictObject({
    provider: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}$/, 'expected the id of a provider, such as "kimi-coding"'),
    model: z
      .string()
      .regex(/^[\x21-\x7e]{1,200}$/, 'expected the name of a model, without blanks')
      .meta({ description: 'As the provider names it: "kimi-k2.5", "google/gemini-2.5-pro".' }),
    base_url: z.string().max(2000).optional().meta({ description: 'http or https, without user name and password.' }),
    key_env: z
      .string()
      .regex(/^[A-Z_][A-Z0-9_]{0,127}$/, 'expected the NAME of an environment variable, never a key itself')
      .optional()
      .meta({ description: 'Name of the environment variable that holds the key.' }),
    timeout: z
      .union([z.number().min(1).max(86_400), z.string().regex(/^[1-9]\d{0,4}[sm]?$/, 'a duration such as "30s" or "2m"')])
      .optional()
      .meta({ description: 'Of one request: seconds, or a duration such as "30s".' }),
  });

  return z.strictObject({
    path: absolutePath,
    format: z.enum(['hermes', 'cascade']).default('hermes').meta({
      description: "hermes: the keys model, fallback_providers and providers of Hermes' config.yaml. cascade: a providers.yaml.",
    }),
    chain: z
      .array(slot)
      .min(1)
      .max(maxSlots)
      .meta({ description: 'In the order of preference: the first that answers is used.' }),
    mode: fileMode.optional(),
    owner: ownerName.optional(),
    group: ownerName.optional(),
    validate: validateArgv.optional(),
    probe: z
      .strictObject({
        env_file: absolutePath.optional().meta({ description: 'A dotenv file with the keys that the slots name.' }),
        usable: z.number().int().min(1).max(maxSlots).default(1).meta({ description: 'How many slots must be usable.' }),
      })
      .optional()
      .meta({
        description:
          'Once the chain has changed, asks each slot that has a base_url for its models (`/models`). Where too few can be used (401 and 403: the key is wrong), the run is taken back; where that may pass (429, 5xx, no answer), it is tried again later. A provider that keeps no list of its models (404, 405) counts as usable; its key is then not proved. Only on a live host.',
      }),
  });
};
type Attributes = AttributesOf<typeof spec>;

interface Desired extends KeyedFile {
  readonly dialect: ChainFormatName;
  readonly chain: readonly ProviderSlot[];
  readonly probe?: ChainProbe;
}

/** What the program that owns the file reads in it now, and what it will read once the leaves are as desired. */
type State = KeyedState & { readonly chain: readonly ProviderSlot[]; readonly next: readonly ProviderSlot[] };

export const providerChain = defineResourceType({
  kind: 'provider_chain',
  summary: 'Which language models an agent uses, in the order of preference, inside its configuration file.',
  spec,
  identify: ({ path }) => path,
  prepare,
  inspect: (desired: Desired, context): State => {
    const state = inspectKeys(desired, context);
    const live = readLive(desired, context.host);
    if (state.type === 'unusable' || 'fault' in live) return { ...state, chain: [], next: [] };
    const { read } = chainFormats[desired.dialect];
    const changes = diffKeys(desired, state);
    const next = changes.length === 0 ? live.tree : readText(yamlFormat, editKeys(desired, changes, live.text));
    return { ...state, chain: read(live.tree), next: read(next) };
  },
  diff: (desired: Desired, actual: State) => {
    const changes = diffKeys(desired, actual);
    if (changes.length === 0) return converged;
    const action = actual.type === 'absent' ? 'create' : 'update';
    return { action, changes: [...diffSlots(actual), ...changes] };
  },
  refuses: (desired, actual, changes) => refuseKeys(desired, actual, changes),
  apply: (desired, changes, context) => applyKeys(desired, changes.filter(isOfLeaf), context),
  async activate(done, { host, signal }) {
    const asked = host.live ? done.filter(({ desired: { probe } }) => probe) : [];
    if (asked.length === 0) return [];
    // Loading Node's HTTP client takes longer than most runs.
    const { probeChain } = await import('../probe-chain.ts');
    const faults = asked.map(async ({ address, desired: { chain, probe } }): Promise<readonly Failure[]> => {
      const message = await probeChain(chain, probe!, host, signal);
      return message === undefined ? [] : [{ address, message }];
    });
    return (await Promise.all(faults)).flat();
  },
  leavesOut: ({ probe }) => probe && 'the providers are asked on a live host only',
  contacts: ({ chain, probe }) =>
    probe ? chain.flatMap(({ base_url: url }) => (url === undefined ? [] : [contactOf(url)])) : [],
  watches: ({ path }) => [path],
  touches: ({ path }) => [path],
  modes: ({ path, mode }) => (mode === undefined ? [] : [{ path, mode }]),
  sharedFile: ({ path }) => path,
  entries: {
    of: (desired, changes) => touchedKeys(desired, changes.filter(isOfLeaf)),
    carry: carryKeys,
  },
  preview: (desired, changes, context) => previewKeys(desired, changes.filter(isOfLeaf), context),
  // Both edit the same file, one after the other; and the keys are there before somebody asks with them.
  requires: (desired) => [`config[${desired.path}]`, ...keysOf(desired.probe), ...accountsOf(desired)],
  absent: ({ path, format, dialect, leaves }): Desired => ({
    path,
    format,
    dialect,
    chain: [],
    leaves: {},
    unset: [],
    retire: leaves,
  }),
  chain: ({ chain }) => chain,
  commands: ({ validate }) => (validate ? [validate[0]] : []),
});

function prepare(attributes: Attributes, context: PrepareContext): Desired | undefined {
  const { path, format: dialect, mode, owner, group, validate, probe } = attributes;
  let isSound = true;
  const problem: PrepareContext['problem'] = (attribute, message, hint) => {
    isSound = false;
    context.problem(attribute, message, hint, 'bad-provider-chain');
  };
  const chain = attributes.chain.map(({ provider, model, base_url, key_env, timeout }): ProviderSlot => ({
    provider,
    model,
    ...(base_url !== undefined && { base_url }),
    ...(key_env !== undefined && { key_env }),
    ...(timeout !== undefined && { timeout: secondsOf(timeout) }),
  }));
  const seen = new Map<string, number>();
  for (const [index, one] of chain.entries()) {
    checkSlot(one, dialect, (member, message, hint) => problem(`chain.${index}.${member}`, message, hint));
    const name = [one.provider, one.model, one.base_url ?? ''].join(' ');
    const first = seen.get(name);
    if (first !== undefined) problem(`chain.${index}`, `the same provider, model and base URL as in slot ${first + 1}`);
    else seen.set(name, index);
  }
  const askable = chain.filter(({ base_url: url }) => url !== undefined).length;
  if (probe && askable < probe.usable)
    problem(
      'probe.usable',
      `${askable} of the slots ${askable === 1 ? 'has' : 'have'} a base_url and can be asked, but ${probe.usable} must be usable`,
    );
  if (!isSound) return undefined;
  const { leaves, unset } = chainFormats[dialect];
  return {
    path,
    format: 'yaml',
    dialect,
    chain,
    leaves: leaves(chain),
    unset: unset(chain),
    ...(mode !== undefined && { mode: formatMode(parseMode(mode)) }),
    ...ownershipOf({ owner, group }),
    ...(validate && { validate }),
    ...(probe && { probe: { usable: probe.usable, ...(probe.env_file !== undefined && { env_file: probe.env_file }) } }),
  };
}

const secondsOf = (timeout: number | string): number =>
  typeof timeout === 'number' ? timeout : Number.parseInt(timeout, 10) * (timeout.endsWith('m') ? 60 : 1);

function checkSlot(
  { provider, base_url: url }: ProviderSlot,
  dialect: ChainFormatName,
  problem: PrepareContext['problem'],
): void {
  if (url !== undefined) {
    const fault = urlFault(url);
    if (fault !== undefined) problem('base_url', fault);
  }
  if (customProviders.includes(provider)) {
    if (url === undefined)
      problem('base_url', `the provider ${provider} needs a base_url`, 'such as "http://localhost:11434/v1"');
    return;
  }
  if (knownProviders.includes(provider)) return;
  const meant = nearest(provider, [...knownProviders, ...customProviders]);
  const hint = meant ? `did you mean "${meant}"?` : 'a provider of your own needs a base_url';
  if (url === undefined || (meant !== undefined && dialect === 'hermes')) problem('provider', `no provider "${provider}"`, hint);
}

function urlFault(url: string): string | undefined {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (!parsed || (parsed.protocol !== 'https:' && parsed.protocol !== 'http:') || !/^https?:\/\//.test(url)) {
    return 'expected an http or https URL';
  }
  if (/[\s\\]/.test(url)) return 'a URL cannot hold blanks and backslashes';
  if (parsed.username !== '' || parsed.password !== '' || /^https?:\/\/[^/?#]*@/.test(url)) {
    return 'a URL here cannot hold a user name or password';
  }
  return parsed.hash === '' ? undefined : 'a URL here cannot have a fragment';
}

function contactOf(url: string): Contact {
  const { protocol, hostname } = new URL(url);
  return { host: hostname, scheme: protocol === 'http:' ? 'http' : 'https' };
}

const keysOf = (probe: ChainProbe | undefined): readonly string[] =>
  probe?.env_file === undefined ? [] : ['file', 'config'].map((kind) => `${kind}[${probe.env_file}]`);

/** Slot by slot, as a person would tell it. */
function diffSlots({ chain, next }: State): readonly Change[] {
  return Array.from({ length: Math.max(chain.length, next.length) }, (_, index): Change => {
    const [from, to] = [chain[index], next[index]];
    return {
      field: index === 0 ? 'primary' : `fallback ${index}`,
      from: from ? describe(from) : null,
      to: to ? describe(to) : null,
    };
  }).filter(({ from, to }) => from !== to);
}

/** The changes that tell of slots are for people; those of leaves say the same to `apply`. */
const isOfLeaf = ({ field }: Change): boolean => !/^(?:primary|fallback \d+)$/.test(field);

const describe = ({ provider, model, base_url, key_env, timeout }: ProviderSlot): string =>
  [
    `${provider}/${model}`,
    ...(base_url === undefined ? [] : [`at ${base_url}`]),
    ...(key_env === undefined ? [] : [`with ${key_env}`]),
    ...(timeout === undefined ? [] : [`within ${timeout}s`]),
  ].join(' ');
