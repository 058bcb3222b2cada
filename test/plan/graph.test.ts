import { expect, it } from 'vitest';
import { noContents, type Catalog, type CatalogResource } from '../../src/model/catalog.ts';
import { belowFiles } from '../../src/plan/below-files.ts';
import { buildGraph } from '../../src/plan/graph.ts';
import { loadResourceTypes, resourceType } from '../../src/resources/registry.ts';
import { processorTime } from '../support/processor-time.ts';

await loadResourceTypes();

type Links = Partial<Pick<CatalogResource, 'after' | 'notify'>> & { readonly assignment?: number };

function resource(address: string, { assignment = 0, ...links }: Links = {}): CatalogResource {
  const [, kind = '', id = ''] = /^(\w+)\[(.*)\]$/.exec(address) ?? [];
  const origin = { at: { file: 'site.yaml', line: 1, column: 1 }, assignment, variables: [] };
  const common = { tags: [], onDrift: 'heal', prune: 'yes', sensitive: false, mode: 'enforce' } as const;
  return {
    address,
    kind,
    id,
    desired: { path: id, argv: [id], ensure: 'present' },
    digest: id,
    origin,
    after: [],
    notify: [],
    ...common,
    ...links,
  };
}

const graphOf = (...resources: readonly CatalogResource[]) => {
  const catalog: Catalog = { host: 'box', resources, contents: noContents, observes: [], health: [], problems: [] };
  const graph = buildGraph(catalog, resourceType);
  const problems = [...graph.problems, ...belowFiles(catalog, graph, resourceType)];
  return {
    order: graph.batches.map((batch) => batch.map(({ address }) => address).join(' ')),
    problems: problems.map(({ code, message }) => `${code}: ${message}`),
  };
};

it('puts a directory before what is in it, however far below', () => {
  const { order } = graphOf(resource('file[/a/b/c]'), resource('directory[/a]'), resource('file[/z]'));

  expect(order).toEqual(['directory[/a] file[/z]', 'file[/a/b/c]']);
});

it('lets users put what is in a directory before the directory', () => {
  const { order, problems } = graphOf(
    resource('file[/a/seed]'),
    resource('directory[/a]', { after: ['file[/a/seed]'] }),
    resource('file[/a/later]'),
  );

  expect(problems).toEqual([]);
  expect(order).toEqual(['file[/a/seed]', 'directory[/a]', 'file[/a/later]']);
});

it('lets users put a command before what was declared above it', () => {
  const { order, problems } = graphOf(
    resource('file[/a]', { after: ['command[make]'] }),
    resource('file[/b]'),
    resource('command[make]'),
    resource('command[use]'),
  );

  expect(problems).toEqual([]);
  expect(order).toEqual(['file[/b]', 'command[make]', 'file[/a] command[use]']);
});

it('keeps a command behind everything declared above it in its assignment, and only there', () => {
  const { order } = graphOf(
    resource('command[one]', { assignment: 0 }),
    resource('file[/a]', { assignment: 1 }),
    resource('command[two]', { assignment: 1 }),
    resource('file[/b]', { assignment: 1 }),
    resource('command[three]', { assignment: 1 }),
  );

  expect(order).toEqual(['command[one] file[/a] file[/b]', 'command[two]', 'command[three]']);
});

it('keeps a command behind everything declared above it, also when it notifies the one right above', () => {
  const { order } = graphOf(
    resource('file[/a]'),
    resource('command[handler]'),
    resource('command[work]', { notify: ['command[handler]'] }),
  );

  expect(order).toEqual(['file[/a]', 'command[work]', 'command[handler]']);
});

it('names every circle once, and not what only waits for one', () => {
  const { problems } = graphOf(
    resource('file[/a]', { after: ['file[/c]'] }),
    resource('file[/b]', { after: ['file[/a]'] }),
    resource('file[/c]', { after: ['file[/b]'] }),
    resource('file[/x]', { after: ['file[/y]', 'file[/a]'] }),
    resource('file[/y]', { after: ['file[/x]'] }),
    resource('file[/z]', { after: ['file[/a]', 'file[/y]'] }),
  );

  expect(problems).toEqual([
    'cycle: resources wait for each other: file[/a] → file[/b] → file[/c] → file[/a]',
    'cycle: resources wait for each other: file[/x] → file[/y] → file[/x]',
  ]);
});

it.each(['after', 'notify'] as const)('"%s" cannot name the resource itself', (key) => {
  expect(graphOf(resource('command[a]', { [key]: ['command[a]'] })).problems).toEqual(['cycle: command[a] waits for itself']);
});

it('refuses what lies below a file, a link or a config, and nothing below a directory, a checkout or what is to go', () => {
  const at = (address: string, desired: object): CatalogResource => {
    const made = resource(address);
    return { ...made, desired: { ...made.desired, ...desired } };
  };
  const { problems } = graphOf(
    resource('file[/a]'),
    resource('file[/a/b/c]'),
    resource('directory[/a/d]'),
    at('link[/l]', { target: 'x' }),
    at('config[/l/y]', {}),
    resource('file[/l/y/z]'),
    resource('directory[/d]'),
    resource('file[/d/x]'),
    at('tree[/t]', { files: ['f', 'g/h'].map((path) => `0644 ${'0'.repeat(64)} 1 ${path}`) }),
    resource('file[/t/f/x]'),
    resource('file[/t/g/i]'),
    at('git[/g]', { repo: '/srv/g.git', ref: 'v1' }),
    resource('file[/g/x]'),
    at('download[/u]', { extract: { format: 'tar.gz' } }),
    resource('file[/u/x]'),
    at('file[/old]', { ensure: 'absent' }),
    resource('file[/old/new]'),
    at('file[/a/gone]', { ensure: 'absent' }),
    resource('file[/ab]'),
  );

  expect(problems).toEqual([
    'below-file: /a/b/c (file[/a/b/c]) lies below /a, which file[/a] makes no directory',
    'below-file: /l/y/z (file[/l/y/z]) lies below /l/y, which config[/l/y] makes no directory',
    'below-file: /t/f/x (file[/t/f/x]) lies below /t/f, which tree[/t] makes no directory',
    'below-file: /l/y (config[/l/y]) lies below /l, which link[/l] makes no directory',
    'below-file: /a/d (directory[/a/d]) lies below /a, which file[/a] makes no directory',
  ]);
});

it('orders a chain of 20,000 in linear time', () => {
  const chain = Array.from({ length: 20_000 }, (_, index) =>
    resource(`file[/srv/${index}]`, { after: index === 19_999 ? [] : [`file[/srv/${index + 1}]`] }),
  );
  const started = processorTime();

  const { order, problems } = graphOf(...chain);

  expect(processorTime() - started).toBeLessThan(2_000);
  expect(problems).toEqual([]);
  expect([order.length, order[0], order.at(-1)]).toEqual([20_000, 'file[/srv/19999]', 'file[/srv/0]']);
});

it('finds the circle of a chain of 20,000 in linear time', () => {
  const chain = Array.from({ length: 20_000 }, (_, index) =>
    resource(`file[/srv/${index}]`, { after: [`file[/srv/${(index + 1) % 20_000}]`] }),
  );
  const started = processorTime();

  expect(graphOf(...chain).problems).toHaveLength(1);
  expect(processorTime() - started).toBeLessThan(2_000);
});

it('takes a job out of the crontab of a user before the user goes, and puts one there after the user', () => {
  const job = (entry: string | null): CatalogResource => ({
    ...resource('cron[app/job]'),
    desired: { in: 'crontab', user: 'app', name: 'job', entry },
  });
  const user = (ensure: string): CatalogResource => ({ ...resource('user[app]'), desired: { name: 'app', ensure } });

  expect(graphOf(user('absent'), job(null)).order).toEqual(['cron[app/job]', 'user[app]']);
  expect(graphOf(job('@daily true'), user('present')).order).toEqual(['user[app]', 'cron[app/job]']);
});
