import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { config } from '../../src/resources/types/config.ts';
import { file } from '../../src/resources/types/file.ts';
import { providerChain } from '../../src/resources/types/provider-chain.ts';
import { openRig, type Rig } from '../support/resource-rig.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const path = '/etc/config.yaml';
const kimi = { provider: 'kimi-coding', model: 'kimi-k2.5', key_env: 'KIMI_API_KEY', timeout: 30 };
const local = { provider: 'ollama', model: 'gemma4', base_url: 'http://localhost:11434/v1' };
const chain = [kimi, local];

const write = (root: string, text: string): void => writeFileSync(root + path, text);
const read = (rig: Rig): string => readFileSync(rig.root + path, 'utf8');

async function withRig(run: (rig: Rig) => Promise<void>): Promise<void> {
  using directory = temporaryDirectory();
  using rig = openRig(directory.path, [config, file, providerChain]);
  mkdirSync(join(rig.root, 'etc'), { recursive: true });
  await run(rig);
}

describe.each([
  ['the chain', [0, 1]],
  ['the keys', [1, 0]],
] as const)('beside keys of a config, with %s declared first,', (_name, order) => {
  const both = (rig: Rig, attributes: object, slots: readonly object[] = chain) => {
    const made = [rig.resource(providerChain, { path, chain: slots }), rig.resource(config, { path, ...attributes })];
    return order.map((index) => made[index]!);
  };

  it('what is unset goes, and so do keys that left git', () =>
    withRig(async (rig) => {
      write(rig.root, 'debug: true\n');

      await rig.apply(both(rig, { set: { api: { open: true, port: 1 } }, unset: ['debug'] }));
      expect(read(rig)).not.toContain('debug');
      expect(read(rig)).toContain('open: true');

      await rig.apply(both(rig, { set: { api: { port: 1 } }, unset: ['debug'] }));
      expect(read(rig)).not.toContain('open: true');
      expect(read(rig)).toContain('port: 1');
    }));

  it('what the chain no longer has goes', () =>
    withRig(async (rig) => {
      await rig.apply(both(rig, { set: { a: 1 } }));

      await rig.apply(both(rig, { set: { a: 1 } }, [local]));

      expect(read(rig)).not.toContain('kimi');
      expect(await rig.apply(both(rig, { set: { a: 1 } }, [local]))).toEqual([]);
    }));

  it('a chain that left git takes its keys along', () =>
    withRig(async (rig) => {
      write(rig.root, '# mine\n');
      await rig.apply(both(rig, { set: { a: 1 } }));

      await rig.apply([rig.resource(config, { path, set: { a: 1 } })]);

      expect(read(rig)).toBe('# mine\na: 1\n');
    }));

  it('a config that left git takes its keys along', () =>
    withRig(async (rig) => {
      await rig.apply(both(rig, { set: { a: 1 } }));

      await rig.apply([rig.resource(providerChain, { path, chain })]);

      expect(read(rig)).toContain('kimi');
      expect(read(rig)).not.toContain('a: 1');
    }));
});

it('keys of a chain that a config now sets are the config’s', () =>
  withRig(async (rig) => {
    await rig.apply([rig.resource(providerChain, { path, chain: [local] })]);
    const set = { model: { default: local.model, provider: local.provider } };

    await rig.apply([rig.resource(config, { path, set })]);

    expect(read(rig)).toBe('model:\n  default: gemma4\n  provider: ollama\n');
    expect(await rig.apply([rig.resource(config, { path, set })])).toEqual([]);
  }));

it('a value that a config had where a chain now has keys takes none of them along', () =>
  withRig(async (rig) => {
    await rig.apply([rig.resource(config, { path, set: { model: 'mimo' } })]);

    await rig.apply([rig.resource(providerChain, { path, chain: [{ provider: 'nous', model: 'hermes4' }] })]);

    expect(read(rig)).toBe('model:\n  default: hermes4\n  provider: nous\nfallback_providers: []\n');
  }));

it('a key that a config unsets and a chain sets is a problem', () =>
  withRig(async (rig) => {
    write(rig.root, 'a: 1\n');
    const both = [rig.resource(providerChain, { path, chain }), rig.resource(config, { path, unset: ['model'] })];

    await expect(rig.plan(both)).rejects.toThrow(`${path} has model set by one resource and unset by another`);
  }));

it.each([
  ['another value', { model: { default: 'other' } }, 'has model.default set to two values by two resources'],
  ['a value in the place of a mapping', { model: 'other' }, 'has model set by one resource, and keys below it by another'],
  [
    'a mapping in the place of a value',
    { model: { default: { a: 1 } } },
    'has model.default set by one resource, and keys below it by another',
  ],
])('a key to which a config gives %s than a chain is a problem', (_what, set, said) =>
  withRig(async (rig) => {
    const both = [rig.resource(providerChain, { path, chain }), rig.resource(config, { path, set })];

    await expect(rig.plan(both)).rejects.toThrow(`${path} ${said}`);
  }),
);

it('a key to which both give the same value is none', () =>
  withRig(async (rig) => {
    const set = { model: { provider: local.provider } };

    await rig.apply([rig.resource(providerChain, { path, chain: [local] }), rig.resource(config, { path, set })]);

    expect(read(rig)).toContain(`provider: ${local.provider}`);
  }));

it('a file that another resource owns now keeps what a chain had in it', () =>
  withRig(async (rig) => {
    await rig.apply([rig.resource(providerChain, { path, chain: [local] })]);
    const owned = [rig.resource(file, { path, content: read(rig) })];

    expect(await rig.apply(owned)).toEqual([]);

    expect(read(rig)).toContain('gemma4');
  }));
