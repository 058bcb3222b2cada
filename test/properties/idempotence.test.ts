import fc from 'fast-check';
import { chmodSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { expect, it } from 'vitest';
import type { LocalHost } from '../../src/host/local-host.ts';
import type { CatalogResource } from '../../src/model/catalog.ts';
import { loadResourceTypes } from '../../src/resources/registry.ts';
import { openRig, type Rig } from '../support/resource-rig.ts';
import { snapshot } from '../support/snapshot.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const numRuns = process.env['LONG'] === '1' ? 2000 : 60;

interface Wish {
  readonly kind: string;
  readonly attributes: object;
}

const name = fc.constantFrom('a', 'b', 'c');
const mode = fc.constantFrom('0600', '0644', '0755');
const word = fc.constantFrom('', 'x', 'x\n', 'yes', '1_000', 'two words', 'ü');
const leaf = fc.oneof(fc.constantFrom('', 'x', 'yes', '1_000', 'two words', 'ü'), fc.integer({ min: -9, max: 99 }), fc.boolean());

/** One wish per kind and place, so that no two of them want the same path. */
const wish: fc.Arbitrary<Wish> = fc.oneof(
  fc.record({
    kind: fc.constant('file'),
    attributes: fc.record({ path: name.map((n) => `/file/${n}`), content: word, mode, create_only: fc.boolean() }),
  }),
  fc.record({
    kind: fc.constant('file'),
    attributes: fc.record({ path: name.map((n) => `/gone/${n}`), ensure: fc.constant('absent') }),
  }),
  fc.record({ kind: fc.constant('directory'), attributes: fc.record({ path: name.map((n) => `/directory/${n}`), mode }) }),
  fc.record({
    kind: fc.constant('link'),
    attributes: fc.record({ path: name.map((n) => `/link/${n}`), target: fc.constantFrom('x', '/etc/y') }),
  }),
  fc.record({
    kind: fc.constant('tree'),
    attributes: fc.record({
      path: name.map((n) => `/tree/${n}`),
      source: fc.constantFrom('one', 'two'),
      purge: fc.constantFrom('own', 'all'),
    }),
  }),
  fc.record({
    kind: fc.constant('config'),
    attributes: fc.record({
      path: fc.constantFrom('yaml', 'json', 'toml', 'ini', 'env').map((type) => `/config/c.${type}`),
      set: fc.dictionary(fc.constantFrom('ALPHA', 'BETA', 'GAMMA'), leaf, { minKeys: 1 }),
    }),
  }),
  fc.record({
    kind: fc.constant('cron'),
    attributes: fc.record({
      name,
      schedule: fc.constantFrom('* * * * *', '@daily', '5 4 * * 1-5'),
      command: fc.constantFrom('/bin/true', 'date +%F'),
      user: fc.constant('root'),
    }),
  }),
  fc.record({
    kind: fc.constant('sqlite'),
    attributes: fc.record({
      path: name.map((n) => `/db/${n}.db`),
      schema: fc.constantFrom('CREATE TABLE t (a TEXT);', 'CREATE TABLE t (a TEXT, b INTEGER); CREATE INDEX i ON t (a);'),
    }),
  }),
);

const sources = { 'one/a': 'a', 'one/d/b': 'b', 'two/a': 'other', 'two/run.sh': '#!/bin/sh\n' };

/** What people and programs do to a host between runs. */
type Deed = { readonly path: string; readonly act: 'write' | 'remove' | 'chmod' | 'link' };
const deed: fc.Arbitrary<Deed> = fc.record({
  path: fc.oneof(
    name.map((n) => `/file/${n}`),
    name.map((n) => `/gone/${n}`),
    name.map((n) => `/link/${n}`),
    name.map((n) => `/tree/${n}/a`),
    name.map((n) => `/tree/${n}/foreign`),
  ),
  act: fc.constantFrom('write', 'remove', 'chmod', 'link'),
});

const resourceTypes = await loadResourceTypes();

function makeResources(rig: Rig, wishes: readonly Wish[]): CatalogResource[] {
  const made = wishes.flatMap(({ kind, attributes }) => {
    const type = resourceTypes.find((each) => each.kind === kind);
    return type ? [rig.resource(type, attributes, sources)] : [];
  });
  return [...new Map(made.map((resource) => [resource.address, resource])).values()];
}

function doDeed(root: string, { path, act }: Deed): void {
  const file = root + path;
  mkdirSync(dirname(file), { recursive: true });
  try {
    if (act === 'remove') rmSync(file, { recursive: true, force: true });
    else if (act === 'chmod') chmodSync(file, 0o604);
    else {
      rmSync(file, { recursive: true, force: true });
      if (act === 'link' && !path.startsWith('/tree')) symlinkSync('nowhere', file);
      else if (!path.startsWith('/link')) writeFileSync(file, 'somebody was here');
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

const silent = (host: LocalHost, calls: string[]): LocalHost =>
  new Proxy(host, {
    get(target, key) {
      const value = Reflect.get(target, key) as unknown;
      if (
        typeof value === 'function' &&
        ['writeFile', 'link', 'remove', 'makeDirectory', 'removeDirectory', 'setMode', 'setOwner', 'run'].includes(String(key))
      )
        calls.push(String(key));
      return value;
    },
  });

it(`${numRuns} random hosts reach what is desired in one run, and the next writes nothing`, { timeout: 1_800_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(wish, { maxLength: 6 }),
      fc.array(deed, { maxLength: 4 }),
      fc.array(wish, { minLength: 1, maxLength: 8 }),
      async (earlier, deeds, later) => {
        using directory = temporaryDirectory();
        using rig = openRig(directory.path, resourceTypes);
        await rig.apply(makeResources(rig, earlier));
        for (const each of deeds) doDeed(rig.root, each);

        await rig.apply(makeResources(rig, later));
        const reached = snapshot(rig.root);
        const calls: string[] = [];
        const changed = await rig.apply(makeResources(rig, later), (host) => silent(host, calls));

        expect(changed).toEqual([]);
        expect(calls).toEqual([]);
        expect(snapshot(rig.root)).toBe(reached);
      },
    ),
    { numRuns, ...seed() },
  );
});

it('the order of independent resources does not matter', { timeout: 600_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(wish, {
        minLength: 2,
        maxLength: 8,
        selector: (each) =>
          JSON.stringify([
            each.kind,
            'path' in each.attributes ? each.attributes.path : '',
            'name' in each.attributes ? each.attributes.name : '',
          ]),
      }),
      fc.infiniteStream(fc.nat()),
      async (wishes, order) => {
        // Several edits of one crontab or config file keep the order in which they are made.
        const independent = wishes.filter(({ kind }) => kind !== 'cron' && kind !== 'config');
        const shuffled = independent
          .map((each) => ({ each, at: order.next().value as number }))
          .sort((a, b) => a.at - b.at)
          .map(({ each }) => each);
        const hosts: string[] = [];
        for (const each of [independent, shuffled]) {
          using directory = temporaryDirectory();
          using rig = openRig(directory.path, resourceTypes);
          await rig.apply(makeResources(rig, each));
          hosts.push(snapshot(rig.root, { ignore: (path) => path.endsWith('.db') }));
        }
        expect(hosts[0]).toBe(hosts[1]);
      },
    ),
    { numRuns: Math.ceil(numRuns / 4), ...seed() },
  );
});

function seed(): { readonly seed?: number } {
  const given = process.env['SEED'];
  return given === undefined ? {} : { seed: Number(given) };
}
