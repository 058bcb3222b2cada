import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openLocalReader } from '../../src/host/local-reader.ts';
import { config } from '../../src/resources/types/config.ts';
import { providerChain } from '../../src/resources/types/provider-chain.ts';
import { theLaws } from '../support/laws.ts';
import { openRig, type Rig } from '../support/resource-rig.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const path = '/etc/config.yaml';
const kimi = {
  provider: 'kimi-coding',
  model: 'kimi-k2.5',
  base_url: 'https://kimi.example/v1',
  key_env: 'KIMI_API_KEY',
  timeout: 30,
};
const gemini = {
  provider: 'openrouter',
  model: 'google/gemini-2.5-pro',
  base_url: 'https://router.example/v1',
  key_env: 'OPENROUTER_API_KEY',
  timeout: '30s',
};
const local = { provider: 'ollama', model: 'gemma4', base_url: 'http://localhost:11434/v1', timeout: '2m' };
const chain = [kimi, gemini, local];

const hermes = `# Hermes of allegro
_config_version: 50
model: mimo-v2-pro   # tried by hand
agent:
  max_turns: 60
fallback_model: {provider: nous, model: hermes4}
providers:
  kimi-coding:
    api_mode: chat_completions   # foreign
`;

const inHermes = `# Hermes of allegro
_config_version: 50
model:   # tried by hand
  default: kimi-k2.5
  provider: kimi-coding
  base_url: https://kimi.example/v1
agent:
  max_turns: 60
providers:
  kimi-coding:
    api_mode: chat_completions   # foreign
    key_env: KIMI_API_KEY
    request_timeout_seconds: 30
  openrouter:
    request_timeout_seconds: 30
  ollama:
    request_timeout_seconds: 120
fallback_providers:
  - provider: openrouter
    model: google/gemini-2.5-pro
    base_url: https://router.example/v1
    key_env: OPENROUTER_API_KEY
  - provider: ollama
    model: gemma4
    base_url: http://localhost:11434/v1
`;

const write = (root: string, text: string): void => {
  mkdirSync(join(root, 'etc'), { recursive: true });
  writeFileSync(root + path, text);
};

theLaws(providerChain, [
  { name: 'creates a Hermes configuration', attributes: { path, chain } },
  { name: 'edits one that a person wrote', given: (root) => write(root, hermes), attributes: { path, chain } },
  { name: 'takes another order', before: { path, chain }, attributes: { path, chain: [local, gemini, kimi] } },
  {
    name: 'writes a cascade',
    given: (root) => write(root, 'cascade: {max_retries_per_provider: 2}\n'),
    attributes: { path, chain, format: 'cascade' },
  },
  { name: 'writes a chain that is to be asked', attributes: { path, chain, probe: { env_file: '/etc/keys.env', usable: 2 } } },
]);

async function withRig(run: (rig: Rig) => Promise<void>): Promise<void> {
  using directory = temporaryDirectory();
  using rig = openRig(directory.path, [config, providerChain]);
  mkdirSync(join(rig.root, 'etc'), { recursive: true });
  await run(rig);
}

const read = (rig: Rig): string => readFileSync(rig.root + path, 'utf8');
const inspect = (rig: Rig, attributes: object) =>
  providerChain.inspect(rig.resource(providerChain, attributes).desired as never, {
    host: openLocalReader({ root: rig.root }),
    last: undefined,
    signal: AbortSignal.timeout(1000),
    survey: undefined,
  });
const changesOf = async (rig: Rig, slots: readonly object[]): Promise<readonly unknown[]> => {
  const { diff } = (await rig.plan([rig.resource(providerChain, { path, chain: slots })])).steps[0]!;
  return diff.action === 'none' ? [] : diff.changes.map(({ field, from, to }) => [field, from, to]);
};

it('a Hermes configuration gets the chain and keeps everything else', () =>
  withRig(async (rig) => {
    write(rig.root, hermes);

    await rig.apply([rig.resource(providerChain, { path, chain })]);

    expect(read(rig)).toBe(inHermes);
    expect(await inspect(rig, { path, chain })).toMatchObject({
      chain: [kimi, { ...gemini, timeout: 30 }, { ...local, timeout: 120 }],
    });
  }));

it('the effective chain is read as Hermes reads it', () =>
  withRig(async (rig) => {
    write(rig.root, `${hermes}fallback_providers:\n- {provider: zai}\n- {provider: zai, model: glm}\n`);
    expect(await inspect(rig, { path, chain })).toMatchObject({
      chain: [
        { provider: 'auto', model: 'mimo-v2-pro' },
        { provider: 'zai', model: 'glm' },
      ],
    });

    write(rig.root, hermes);
    expect(await inspect(rig, { path, chain })).toMatchObject({
      chain: [
        { provider: 'auto', model: 'mimo-v2-pro' },
        { provider: 'nous', model: 'hermes4' },
      ],
    });
  }));

it('the diff tells which slot changes', () =>
  withRig(async (rig) => {
    await rig.apply([rig.resource(providerChain, { path, chain })]);

    expect((await changesOf(rig, [kimi, gemini, { ...local, model: 'qwen3:4b' }]))[0]).toEqual([
      'fallback 2',
      'ollama/gemma4 at http://localhost:11434/v1 within 120s',
      'ollama/qwen3:4b at http://localhost:11434/v1 within 120s',
    ]);
    expect((await changesOf(rig, [kimi, local])).slice(0, 2)).toEqual([
      ['fallback 1', expect.stringContaining('openrouter/google/gemini-2.5-pro'), expect.stringContaining('ollama/gemma4')],
      ['fallback 2', expect.stringContaining('ollama/gemma4'), null],
    ]);
    expect(await changesOf(rig, chain)).toEqual([]);
  }));

it('a base URL of an earlier first slot does not stay', () =>
  withRig(async (rig) => {
    write(rig.root, 'model:\n  default: a\n  provider: custom\n  base_url: https://other.example\n  context_length: 9\n');

    await rig.apply([rig.resource(providerChain, { path, chain: [{ provider: 'nous', model: 'hermes4' }] })]);

    expect(read(rig)).toBe('model:\n  default: hermes4\n  provider: nous\n  context_length: 9\nfallback_providers: []\n');
  }));

it('slots of one provider with different timeouts get one each', () =>
  withRig(async (rig) => {
    const slots = [local, { ...local, model: 'gemma3:1b', timeout: 60 }];
    await rig.apply([rig.resource(providerChain, { path, chain: slots })]);

    expect(await inspect(rig, { path, chain: slots })).toMatchObject({ chain: [{ timeout: 120 }, { timeout: 60 }] });
  }));

it('a chain that left git takes its keys along', () =>
  withRig(async (rig) => {
    write(rig.root, '# mine\nagent:\n  max_turns: 60\n');
    await rig.apply([rig.resource(providerChain, { path, chain })]);

    await rig.apply([]);

    expect(read(rig)).toBe('# mine\nagent:\n  max_turns: 60\n');
  }));

it('other keys of the same file may be managed beside it', () =>
  withRig(async (rig) => {
    write(rig.root, hermes);
    const both = [rig.resource(providerChain, { path, chain }), rig.resource(config, { path, set: { 'agent.max_turns': 9 } })];

    await rig.apply(both);

    expect(read(rig)).toBe(inHermes.replace('60', '9'));
    expect(await rig.apply(both)).toEqual([]);
  }));

it('a cascade gets its providers by priority', () =>
  withRig(async (rig) => {
    write(rig.root, 'cascade:\n  timeout_seconds: 5 # each\n  circuit_breaker: {failure_threshold: 5}\n');
    const attributes = { path, format: 'cascade', chain: [gemini, local, { ...local, model: 'gemma3:1b' }] };

    await rig.apply([rig.resource(providerChain, attributes)]);

    expect(read(rig)).toContain('  timeout_seconds: 120 # each\n  circuit_breaker: {failure_threshold: 5}\nproviders:\n');
    expect(read(rig)).toContain('api_key: "${OPENROUTER_API_KEY}"');
    expect(await inspect(rig, attributes)).toMatchObject({
      chain: [
        { provider: 'openrouter', model: gemini.model, base_url: gemini.base_url, key_env: gemini.key_env },
        { provider: 'ollama', model: 'gemma4' },
        { provider: 'ollama', model: 'gemma3:1b' },
      ],
    });
  }));

it.each<[string, object, string]>([
  ['an unknown provider', { ...kimi, provider: 'kimi-codng' }, 'no provider "kimi-codng"'],
  ['an unknown provider without an address', { provider: 'my-own', model: 'x' }, 'no provider "my-own"'],
  ['a custom provider without an address', { provider: 'vllm', model: 'x' }, 'needs a base_url'],
  ['the same slot twice', { ...local, model: 'gemma4' }, 'as in slot 1'],
  ['an address with a password', { ...kimi, base_url: 'https://me:canary@a.example/v1' }, 'user name or password'],
  ['an address that is no URL', { ...kimi, base_url: 'localhost:11434' }, 'http or https URL'],
  ['an address of another kind', { ...kimi, base_url: 'file:///etc/passwd' }, 'http or https URL'],
  ['a key in place of its name', { ...kimi, key_env: 'sk-canary' }, 'expected the NAME of an environment variable'],
  ['a model with blanks', { ...kimi, model: 'a b' }, 'without blanks'],
  ['an unknown attribute', { ...kimi, url: 'x' }, 'url'],
])('%s is a problem that shows no value', (_name, slot, message) =>
  withRig(async (rig) => {
    const make = (): unknown => rig.resource(providerChain, { path, chain: [local, slot] });

    expect(make).toThrow(message);
    expect(make).not.toThrow('canary');
  }),
);

it('a chain of which too few slots have an address cannot be asked', () =>
  withRig(async (rig) => {
    const known = { provider: 'kimi-coding', model: 'kimi-k2.5' };

    expect(() => rig.resource(providerChain, { path, chain: [known, local], probe: { usable: 2 } })).toThrow(
      'probe.usable: 1 of the slots has a base_url',
    );
  }));

it('a provider of one’s own has an address', () =>
  withRig(async (rig) => {
    await rig.apply([
      rig.resource(providerChain, { path, chain: [{ provider: 'forge-gpu', model: 'x', base_url: 'http://192.0.2.7:8000/v1' }] }),
    ]);

    expect(read(rig)).toContain('providers:\n  forge-gpu:\n    base_url: http://192.0.2.7:8000/v1\n');
  }));

it('policy sees the slots as they were written', () =>
  withRig(async (rig) => {
    expect(providerChain.chain?.(rig.resource(providerChain, { path, chain }).desired as never)).toEqual([
      kimi,
      { ...gemini, timeout: 30 },
      { ...local, timeout: 120 },
    ]);
  }));
