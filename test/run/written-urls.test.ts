import { expect, it } from 'vitest';
import { Secret } from '../../src/model/secret.ts';
import type { WrittenUrl } from '../../src/policy/judge-input.ts';
import { loadResourceTypes, resourceType } from '../../src/resources/registry.ts';
import { writtenUrls } from '../../src/run/written-urls.ts';
import { openContentMemory } from '../support/content-memory.ts';
import { makeResource } from '../support/make-resource.ts';

await loadResourceTypes(['config', 'file', 'tree']);

/** What one resource writes. */
function urlsOf(kind: string, attributes: object, sources: Readonly<Record<string, string>> = {}): readonly WrittenUrl[] {
  const memory = openContentMemory();
  const resource = makeResource(resourceType(kind), attributes, sources, memory);
  return [...writtenUrls({ catalog: { resources: [resource], contents: memory.contents } })];
}

const one = 'https://one.example/v1';
const two = 'https://two.example/v1';

it.each<[name: string, set: object, urls: readonly string[]]>([
  ['a dotted key', { 'model.base_url': one }, [one]],
  ['a list', { fallback_providers: [{ base_url: one }, { base_url: two }] }, [two, one]],
  ['a provider in a list', { providers: [{ name: 'a', url: one }] }, [one]],
  ['a provider in a mapping', { 'providers.a': { api: one, key_env: 'A' } }, [one]],
  ['the name of a protocol', { 'providers.a.api': 'openai' }, []],
  ['URLs of something else', { url: one, web: { url: one, api: one } }, []],
  ['nothing', { 'model.base_url': '' }, []],
  ['what is below the keys of others', { 'ServerApp.base_url': '/jupyter/', 'server.base_url': one }, []],
  ['an auxiliary model', { 'auxiliary.vision.base_url': one }, [one]],
  ['a path of a server', { 'model.base_url': '/ui' }, []],
  ['a host without a scheme', { 'model.base_url': '//one.example' }, ['//one.example']],
  ['a provider without a name', { providers: [{ id: 'x', provider: 'oidc', url: one }] }, []],
  ['a variable', { OPENAI_BASE_URL: one, HOME_URL: two, 'app.OPENAI_BASE_URL': two }, [one]],
])('keys: %s', (_name, set, urls) => {
  expect(urlsOf('config', { path: '/etc/a.yaml', set }).map(({ url }) => url)).toEqual(urls);
});

it.each<[name: string, content: string, urls: readonly (string | undefined)[]]>([
  ['YAML', `model:\n  base_url: ${one}\nfallback_providers:\n- base_url: ${two}\n`, [two, one]],
  ['JSON', `{"model": "x", "custom_providers": [{"base_url": "${one}"}]}`, [one]],
  ['JSON with tabs', `{\n\t"model": {\n\t\t"base_url": "${one}"\n\t}\n}\n`, [one]],
  ['a cascade', `providers:\n  - name: a\n    url: ${one}\n`, [one]],
  ['two equal keys', `model:\n  base_url: ${one}\n  base_url: ${two}\n`, [two]],
  ['an alias', `x: &x ${one}\nmodel: {base_url: *x}\n`, [one]],
  ['an alias as key', `x: &x base_url\nmodel: {*x : ${one}}\n`, [one]],
  ['a merged mapping', `x: &x {base_url: ${one}}\nmodel:\n  <<: *x\n`, [one]],
  ['mappings that are merged at the top', `x: &x {model: {base_url: ${one}}}\ny: &y {<<: *x}\n<<: [*y, *x]\n`, [one]],
  ['a merged provider', `x: &x {name: a, url: ${one}}\nproviders:\n- {<<: *x}\n`, [one]],
  ['providers that are merged', `x: &x {a: {api: ${one}}}\nproviders: {<<: *x}\n`, [one]],
  ['a provider that is an alias', `x: &x [{name: a, url: ${one}}]\nproviders: *x\n`, [one]],
  ['a key with an escape', `model: {"base\\x5furl": ${one}}\n`, [one]],
  ['the second document', `a: 1\n---\nmodel: {base_url: ${one}}\n`, [one]],
  ['a file of another shape', `app: {base_url: ${one}}\n`, []],
  ['a text that is neither', `model base_url\n\t- ${one}: [\n`, []],
  ['a path of a server beside a model', `model: RaspberryPi 4\nweb: {base_url: /ui}\n`, []],
  ['providers of logins', `providers: [{id: x, provider: oidc, url: ${one}}]\n`, []],
  ['aliases of aliases', `a0: &a0 [x]\n${bomb()}model: {base_url: ${one}}\n`, [one]],
  ['an alias of what it stands in', `model: &x {base_url: ${one}, me: *x}\n`, [one]],
  ['many brackets in a comment', `# ${'['.repeat(2000)}\nmodel: {base_url: ${one}}\n`, [one]],
  ['brackets without end', `model: base_url ${'['.repeat(50_000)}`, []],
  ['much before it', `${'# long\n'.repeat(50_000)}model: {base_url: ${one}}\n`, [undefined]],
  ['much behind it', `--- !!map\nmodel: {base_url: ${one}}\n${'\n'.repeat(2_000_000)}`, [undefined]],
  ['much behind it in JSON', `{"model": {"base_url": "${one}"}${' '.repeat(500_000)}}`, [undefined]],
  ['much before an anchor', `${' \n'.repeat(200_000)}&a\n  model: {base_url: ${one}}`, [undefined]],
  ['a long script', `"use strict";(()=>{var a={model:1,url:2};})();\n`.repeat(10_000), []],
  ['a long page', `<html>\n<script>a={model:1,url: 2}</script>\n`.repeat(10_000), []],
  ['a large file that is no text', `model: {base_url: ${one}}\n\0${'x'.repeat(2_000_000)}`, []],
])('contents: %s', (_name, content, urls) => {
  expect(urlsOf('file', { path: '/etc/a', content }).map(({ url }) => url)).toEqual(urls);
});

it.each<[path: string, urls: readonly string[]]>([
  ['/srv/.env', [one]],
  ['/srv/agent.env', [one]],
  ['/srv/env.sh', []],
])('variables in %s', (path, urls) => {
  const content = `set -a # \0\nexport OPENAI_BASE_URL="${one}" # here\nOTHER=${two}\nUI_BASE_URL=/ui\n`;

  expect(urlsOf('file', { path, content }).map(({ url }) => url)).toEqual(urls);
});

function bomb(): string {
  return Array.from({ length: 40 }, (_, i) => `a${i + 1}: &a${i + 1} [*a${i}, *a${i}, *a${i}]\n`).join('');
}

it('merges cost no more than they take to write', () => {
  const keys = Array.from({ length: 3000 }, (_, i) => `  k${i}: 1\n`).join('');
  const merges = Array.from({ length: 9000 }, (_, i) => `b${i}: {<<: *x}\n`).join('');
  const before = process.memoryUsage().rss;

  const urls = urlsOf('file', { path: '/etc/a', content: `x: &x\n${keys}${merges}model: {base_url: ${one}}\n` });

  expect(urls.map(({ url }) => url)).toEqual([one]);
  expect((process.memoryUsage().rss - before) / 2 ** 20).toBeLessThan(600);
});

it('looks into every file of a tree', () => {
  const sources = { 't/a': 'x', 't/b/c.yaml': `model: {base_url: ${one}}\n`, 't/b/.env': `A_BASE_URL=${two}\n` };

  expect(urlsOf('tree', { path: '/etc/a', source: 't' }, sources).map(({ url }) => url)).toEqual([two, one]);
});

it('tells which of them are secret', () => {
  const set = { model: { base_url: Secret.of(one) }, providers: { a: { base_url: two } } };

  const urls = urlsOf('config', { path: '/etc/a.yaml', set });

  expect(urls.map(({ url, isHidden }) => [url, isHidden])).toEqual([
    [one, true],
    [two, false],
  ]);
});
