import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { selectHosts } from '../../src/inventory/select-hosts.ts';
import { formatProblem } from '../../src/model/problem.ts';
import { holdsSecret } from '../../src/model/secret.ts';
import { judgePortfolio } from '../../src/policy/portfolio.ts';
import type { JudgeInput } from '../../src/policy/judge-input.ts';
import type { ProviderSlot } from '../../src/model/provider-slot.ts';
import {
  catalogOf,
  catalogs,
  compileFleetHost,
  documents,
  fileOf,
  filesOf,
  inventory,
  ofKind,
  variable,
} from './compiled-fleet.ts';

const hosts = inventory.hosts;
const wizards = selectHosts(inventory, 'wizards').hosts;
const chainOf = (host: string): readonly ProviderSlot[] => {
  const found = ofKind(catalogOf(host), 'provider_chain');
  expect(found).toHaveLength(1);
  return (found[0]!.desired as { chain: readonly ProviderSlot[] }).chain;
};

describe('the fleet', () => {
  it('has five hosts in the groups of the old inventory', () => {
    expect([...hosts].sort()).toEqual(['allegro', 'bezalel', 'ezra', 'forge', 'timmy']);
    expect([...wizards].sort()).toEqual(['allegro', 'bezalel', 'ezra', 'timmy']);
    expect(selectHosts(inventory, 'mac').hosts).toEqual(['timmy']);
    expect(selectHosts(inventory, 'infra').hosts).toEqual(['forge']);
  });

  it('loads without a problem', () => {
    expect([...documents.problems, ...inventory.problems].map(formatProblem)).toEqual([]);
  });

  it.each(hosts)('compiles %s without a problem', (host) => {
    expect(catalogOf(host).problems.map(formatProblem)).toEqual([]);
    expect(catalogOf(host).resources.length).toBeGreaterThan(host === 'forge' ? 10 : 40);
  });

  it('is rolled out one host at a time, the testbed first and the operator before the forge', () => {
    const waves = documents.rollout?.value.waves ?? [];

    expect(waves.map(({ hosts: pattern }) => selectHosts(inventory, pattern).hosts)).toEqual([
      ['bezalel'],
      ['allegro'],
      ['ezra'],
      ['timmy'],
      ['forge'],
    ]);
  });

  it('never has two hosts of one server manage the same path', () => {
    const byServer = Map.groupBy(hosts, (host) => String(variable(host, 'public_address')));

    expect(byServer.size).toBe(4);
    for (const sharing of byServer.values()) {
      const ids = sharing.flatMap((host) => catalogOf(host).resources.map(({ address }) => address));
      expect(new Set(ids).size).toBe(ids.length);
    }
  });

  it('observes the forge and enforces everything else', () => {
    const observed = [...catalogs.values()].flatMap(({ host, resources }) =>
      resources.filter(({ mode }) => mode === 'observe').map(({ address }) => `${host} ${address}`),
    );

    expect(observed).toEqual(['forge config[/etc/gitea/app.ini]']);
  });
});

describe.each(wizards)('the configuration of %s', (host) => {
  const catalog = catalogOf(host);
  const config = (): Record<string, Record<string, unknown>> =>
    parse(fileOf(catalog, '/config.yaml').text, { version: '1.1' }) as never;

  it('has the keys of Hermes and is read-only', () => {
    expect(fileOf(catalog, '/.hermes/config.yaml').mode).toBe('0444');
    expect(Object.keys(config())).toEqual(
      expect.arrayContaining([
        'model',
        'fallback_providers',
        'providers',
        'agent',
        'terminal',
        'memory',
        'display',
        'approvals',
        'cron',
      ]),
    );
    expect(config()).not.toHaveProperty('_config_version');
    expect(config()['memory']).toMatchObject({ memory_char_limit: 2200, user_char_limit: 1375 });
    expect(config()['cron']?.['model']).toBeTruthy();
  });

  it('runs on the chain that policy judges', () => {
    const { model, fallback_providers: fallbacks, providers } = config();
    const { default: primary, ...rest } = model as { default: string; provider: string; base_url: string };
    const shown = chainOf(host).map(({ provider, model: name, base_url, key_env }) => ({
      provider,
      model: name,
      base_url,
      ...(key_env !== undefined && { key_env }),
    }));

    const [first, ...others] = shown;
    expect({ model: primary, ...rest }).toEqual({ provider: first?.provider, model: first?.model, base_url: first?.base_url });
    expect(fallbacks).toEqual(others);
    for (const slot of chainOf(host)) expect(providers?.[slot.provider]).toMatchObject({ base_url: slot.base_url });
  });

  it('has an emergency config that needs neither key nor network', () => {
    const { text, mode } = fileOf(catalog, '/config.emergency.yaml');
    const local = chainOf(host).find(({ provider }) => provider === 'ollama');

    expect(mode).toBe('0444');
    expect(parse(text, { version: '1.1' })).toMatchObject({
      model: { default: local?.model, provider: 'ollama', base_url: 'http://localhost:11434/v1' },
      fallback_providers: [],
    });
    expect(text).not.toContain('key_env');
  });

  it('has a thin config that only points upstream', () => {
    const { text, mode } = fileOf(catalog, '/thin_config.yml');

    expect(mode).toBe('0444');
    expect(parse(text)).toMatchObject({
      upstream: { branch: 'main' },
      agent: { name: host },
      config: fileOf(catalog, '/.hermes/config.yaml').path,
      local_overrides: {},
    });
  });

  it('seeds memories once, within the limits of Hermes', () => {
    for (const [name, limit] of [
      ['MEMORY.md', 2200],
      ['USER.md', 1375],
    ] as const) {
      const { text, mode } = fileOf(catalog, `/memories/${name}`);
      expect(mode).toBe('0600');
      expect(text.length).toBeLessThanOrEqual(limit);
      expect(text.split('\n§\n').length).toBeGreaterThan(3);
    }
    expect(
      ofKind(catalog, 'file')
        .filter(({ id }) => id.includes('/memories/'))
        .map(({ desired }) => desired),
    ).toEqual([expect.objectContaining({ createOnly: true }), expect.objectContaining({ createOnly: true })]);
  });

  it('has one SOUL.md in both places', () => {
    const souls = [...filesOf(catalog)].filter(([path]) => path.endsWith('/SOUL.md')).map(([, file]) => file);

    expect(souls).toHaveLength(2);
    expect(souls[0]).toEqual(souls[1]);
    expect(souls[0]?.mode).toBe('0444');
  });

  it('writes keys only where there are secrets, and never in clear', () => {
    const full = compileFleetHost(host, { kimi_api_key: 'canary-1', openrouter_api_key: 'canary-2', gitea_token: 'canary-3' });
    const added = full.resources.filter(({ address }) => !catalog.resources.some((resource) => resource.address === address));

    expect(full.problems).toEqual([]);
    expect(new Set(added.map(({ id }) => id.split('/').at(-1)))).toEqual(new Set(['.env', 'gitea_token']));
    expect(added).toHaveLength(2);
    expect(JSON.stringify(full.resources)).not.toMatch(/canary/);
    for (const { desired } of added) {
      expect(holdsSecret(desired) || (desired as { content?: { sensitive?: true } }).content?.sensitive).toBe(true);
      expect(desired).toMatchObject({ mode: '0600' });
    }
  });
});

describe('the portfolio rule', () => {
  const judged = (chains: ReadonlyMap<string, readonly ProviderSlot[]>) =>
    judgePortfolio({
      policy: documents.policy,
      chains: [...chains].map(([host, chain]) => ({ host, critical: true, address: 'provider_chain[x]', chain })),
    } as unknown as JudgeInput);
  const chains = new Map(wizards.map((host) => [host, chainOf(host)]));

  it('holds for the four wizards', () => {
    expect(documents.policy.portfolio).toMatchObject({ critical: 'wizards', min_slots: 4, local_end: true });
    expect(judged(chains)).toEqual([]);
  });

  it('would refuse the uniform order of the old fleet', () => {
    const uniform = new Map(wizards.map((host) => [host, chainOf('allegro')]));

    expect(judged(uniform).map(({ code }) => code)).toEqual(['portfolio-rule', 'portfolio-rule', 'portfolio-rule']);
  });
});

describe('the scheduled jobs', () => {
  const entries = (host: string) =>
    ofKind(catalogOf(host), 'cron').map(({ desired }) => desired as { entry: string; in: string; user: string; name: string });

  it.each(hosts)('of %s run through run-job and call scripts that are there', (host) => {
    const trees = ofKind(catalogOf(host), 'tree').map(({ desired }) => desired as { path: string; files: readonly string[] });
    const shipped = trees.flatMap(({ path, files }) => files.map((line) => `${path}/${line.split(' ').slice(3).join(' ')}`));

    expect(entries(host).length).toBeGreaterThan(3);
    for (const { entry, name } of entries(host)) {
      const [, runner, job, every, script] = /(\S+\/bin\/run-job) (\S+) (\d+) (\S+)/.exec(entry) ?? [];
      expect(shipped).toContain(runner);
      expect(shipped).toContain(script);
      expect(name).toBe(`${host}-${job}`);
      expect(Number(every)).toBeGreaterThanOrEqual(300);
    }
  });

  it('stand in cron.d on servers and in the crontab of the operator on the Mac', () => {
    for (const host of hosts)
      expect([...new Set(entries(host).map((entry) => entry.in))]).toEqual([host === 'timmy' ? 'crontab' : 'cron.d']);
    expect(new Set(entries('timmy').map(({ user }) => user))).toEqual(new Set(['apayne']));
  });

  it.each(hosts)('of %s find their settings in a fleet.env that a shell can read', (host) => {
    const { text } = fileOf(catalogOf(host), '/fleet.env');
    const printed = execFileSync('sh', ['-euc', `${text}\nprintf '%s\\n' "$FLEET_HOST" "$TIMMY_LOG_DIR" "$FLEET_JOBS"`], {
      encoding: 'utf8',
    });

    const [name, logs, jobs] = printed.split('\n');
    expect(name).toBe(host);
    expect(catalogOf(host).resources.map(({ address }) => address)).toContain(`directory[${logs}]`);
    expect(
      jobs
        ?.trim()
        .split(' ')
        .map((job) => `${host}-${job.split(':')[0]}`),
    ).toEqual(entries(host).map((entry) => entry.name));
  });
});

describe('what is rendered', () => {
  const bans = documents.policy.banned.patterns.map((pattern) => new RegExp(pattern, 'i'));

  it.each(hosts)('for %s parses and names no banned provider', (host) => {
    for (const [path, { text }] of filesOf(catalogOf(host))) {
      if (path.endsWith('.json')) JSON.parse(text);
      if (/\.ya?ml$/.test(path)) parse(text, { version: '1.1' });
      expect(
        bans.filter((ban) => ban.test(text)),
        path,
      ).toEqual([]);
      expect(text, path).not.toMatch(/\{\{|\{%|undefined|None/);
    }
  });

  it('removes the retired watchdogs from every wizard and installs none', () => {
    for (const host of wizards) {
      const absent = ofKind(catalogOf(host), 'file').filter(({ desired }) => (desired as { ensure: string }).ensure === 'absent');
      expect(absent).toHaveLength(10);
      expect(absent.map(({ id }) => id)).toContain(
        `${fileOf(catalogOf(host), '/.hermes/SOUL.md').path.replace('SOUL.md', '')}bin/deadman-switch.sh`,
      );
    }
  });
});
