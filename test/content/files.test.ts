import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { policyDocument, roleDocument, rolloutDocument, siteDocument } from '../../src/model/document.ts';
import { readBanPattern } from '../../src/policy/ban-pattern.ts';

const repository = resolve(import.meta.dirname, '../..');
const listed = (directory: string): readonly string[] =>
  readdirSync(join(repository, directory), { recursive: true, encoding: 'utf8' })
    .map((name) => join(directory, name))
    .filter((name) => statSync(join(repository, name)).isFile())
    .sort();
const read = (name: string): string => readFileSync(join(repository, name), 'utf8');
const content = ['inventory', 'desired-state', 'roles'].flatMap(listed);
const documents = [
  ['desired-state/site.yaml', siteDocument],
  ['desired-state/policy.yaml', policyDocument],
  ['desired-state/rollout.yaml', rolloutDocument],
  ...content.filter((name) => name.endsWith('/role.yaml')).map((name) => [name, roleDocument] as const),
] as const;
const policy = policyDocument.parse(parse(read('desired-state/policy.yaml')));
const bans = policy.banned.patterns.map((pattern) => new RegExp(pattern, 'i'));

describe('the documents', () => {
  it.each(documents)('%s is what its schema says and names that schema', (name, schema) => {
    const result = schema.safeParse(parse(read(name)));
    const line = /^# yaml-language-server: \$schema=(\S+)\n/.exec(read(name));

    expect(result.error?.issues ?? []).toEqual([]);
    expect(existsSync(join(repository, dirname(name), line?.[1] ?? 'no schema line'))).toBe(true);
  });

  it('are all there is: every JSON and YAML file parses without duplicate keys', () => {
    for (const name of content) {
      if (/\.ya?ml$/.test(name)) parse(read(name), { version: '1.1', uniqueKeys: true });
      if (name.endsWith('.json')) JSON.parse(read(name));
    }
    expect(content.length).toBeGreaterThan(50);
  });

  it('contain no address but documentation ones and no trailing white space', () => {
    for (const name of content) {
      const addresses = read(name).match(/\b\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}\b/g) ?? [];
      expect(
        addresses.filter((address) => !/^(192\.0\.2\.\d+|127\.0\.0\.1)$/.test(address)),
        name,
      ).toEqual([]);
      expect(read(name), name).not.toMatch(/[ \t]$/m);
    }
  });
});

describe('the ban', () => {
  it.each(policy.banned.patterns)('%s is a pattern that policy accepts', (pattern) => {
    expect(readBanPattern(pattern)).not.toHaveProperty('fault');
  });

  it.each([
    'provider: anthropic',
    'model: anthropic/claude-3.5',
    'base_url: https://api.anthropic.com/v1',
    'api_mode: anthropic_messages',
    'pip install anthropic==0.40',
    'export ANTHROPIC_API_KEY=x',
    'ANTHROPIC_TOKEN: x',
    'model: claude-next',
    'model: opus',
    'default: "Sonnet"',
    'model: haiku',
    'model: mimo-v2-pro',
  ])('catches %s', (text) => {
    expect(bans.some((ban) => ban.test(text))).toBe(true);
  });

  it.each(['bin/claude-loop.sh', 'model: kimi-k2.5', 'model: google/gemini-2.5-pro', 'provider: ollama'])(
    'lets %s pass',
    (text) => {
      expect(bans.filter((ban) => ban.test(text))).toEqual([]);
    },
  );

  it('is kept by everything else in the repository', () => {
    for (const name of content.filter((file) => file !== 'desired-state/policy.yaml'))
      expect(
        bans.filter((ban) => ban.test(read(name)) || ban.test(name)),
        name,
      ).toEqual([]);
  });
});

describe('the files of the fleet', () => {
  const files = 'desired-state/files';
  const playbooks = listed(`${files}/playbooks`).filter((name) => name.endsWith('.yaml'));

  it('has one SOUL.md of about eight kilobytes', () => {
    const found = content.filter((name) => name.endsWith('SOUL.md'));

    expect(found).toEqual([`${files}/SOUL.md`]);
    expect(read(found[0]!).length).toBeGreaterThan(6000);
    expect(read(found[0]!).length).toBeLessThan(10_000);
  });

  it.each(playbooks)('%s says what to do, what never to do and when it is done', (name) => {
    const playbook = parse(read(name)) as Record<string, unknown>;

    expect(name).toBe(`${files}/playbooks/${String(playbook['name'])}.yaml`);
    for (const key of ['summary', 'class', 'trigger', 'steps', 'never', 'done_when', 'escalate'])
      expect(playbook[key], key).toBeTruthy();
  });

  it('names only playbooks, classes and pipelines that exist', () => {
    const lanes = JSON.parse(read(`${files}/playbooks/agent-lanes.json`)) as { lanes: Record<string, { playbooks: string[] }> };
    const portfolios = parse(read(`${files}/fallback-portfolios.yaml`)) as {
      classes: Record<string, unknown>;
      agents: Record<string, { class: string }>;
    };
    const budget = JSON.parse(read(`${files}/token_budget.json`)) as { pipelines_daily_tokens: Record<string, number> };
    const known = playbooks.map((name) => parse(read(name)) as { name: string; class: string; budget: { pipeline: string } });

    for (const { playbooks: used } of Object.values(lanes.lanes))
      for (const name of used) expect(known.map(({ name: n }) => n)).toContain(name);
    for (const playbook of known) {
      expect(Object.keys(portfolios.classes)).toContain(playbook.class);
      expect(Object.keys(budget.pipelines_daily_tokens)).toContain(playbook.budget.pipeline);
    }
    expect(Object.keys(portfolios.agents).sort()).toEqual(Object.keys(lanes.lanes).sort());
  });

  it('ships every script that a job calls, and none that nothing calls', () => {
    const callers = content
      .filter((name) => /\.(ya?ml|j2)$/.test(name))
      .map(read)
      .join('\n');
    const called = new Set([...callers.matchAll(/\{\{ fleet_dir \}\}\/bin\/([\w.-]+)/g)].map((match) => match[1]!));
    const shipped = listed(`${files}/bin`).map((name) => name.slice(`${files}/bin/`.length));

    expect([...called].sort()).toEqual(shipped.filter((name) => name !== 'fleet_env.py'));
  });
});

describe('the decisions of the content', () => {
  it('exist when the content refers to them', () => {
    const numbers = content.flatMap((name) => [...read(name).matchAll(/ADR (\d{4})/g)].map((match) => match[1]!));

    expect(numbers.length).toBeGreaterThan(5);
    for (const number of numbers)
      expect(
        listed('src/decisions').some((name) => name.includes(`/${number}-`)),
        number,
      ).toBe(true);
  });
});
