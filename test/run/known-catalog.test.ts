import { chmodSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Report } from '../../src/model/report.ts';
import type { Request } from '../../src/model/request.ts';
import { reconcile } from '../../src/reconcile.ts';
import { loadDesired, type Plannable } from '../../src/run/desired.ts';
import { onFreshSources, readKnown, type Asked } from '../../src/run/known-catalog.ts';
import { openScope } from '../../src/run/scope.ts';
import { readStamp } from '../../src/state/converged-stamp.ts';
import { never, openFollowRig } from '../source/git/follow-rig.ts';
import { site } from '../support/repository.ts';

const resources = `
- { kind: tree, path: /srv/tree, source: tree }
- { kind: file, path: /srv/one, source: one }
- { kind: file, path: /srv/two, template: two.j2 }
- { kind: sqlite, path: /srv/data.db, schema_file: data.sql }
- { kind: config, path: /srv/three.yaml, format: yaml, set: { a: 1 } }
`;
const files = 'desired-state/files';
const start = {
  'inventory/hosts.yml': 'all:\n  hosts:\n    box: { colour: red }\n    other:\n',
  'desired-state/site.yaml': site(resources),
  'desired-state/policy.yaml': 'banned: { patterns: [evil] }\n',
  'desired-state/templates/two.j2': 'two {{ colour }}\n',
  [`${files}/one`]: 'one\n',
  [`${files}/unused`]: 'unused\n',
  [`${files}/data.sql`]: 'CREATE TABLE a (b TEXT);\n',
  [`${files}/tree/a`]: 'a\n',
  [`${files}/tree/b/c`]: 'c\n',
  [`${files}/tree/b/d`]: 'd\n',
};

interface Rig extends Disposable {
  readonly clone: string;
  /** The catalog that is known for what these files make of the last commit, beside the one that is compiled. */
  compare(
    edit: Readonly<Record<string, string>>,
  ): Promise<{ readonly known: Plannable | undefined; readonly compiled: Plannable }>;
  converge(): Promise<Report>;
}

async function openRig(files: Readonly<Record<string, string>> = start): Promise<Rig> {
  using cleanup = new DisposableStack();
  const rig = cleanup.use(openFollowRig());
  const root = join(rig.path, 'root');
  mkdirSync(root);
  const follower = rig.open();
  const look = async (): Promise<Request> => {
    const { source, problem } = await follower.look(never);
    if (problem) throw new Error(problem.message);
    return { action: 'converge', source: source!, host: 'box', root, tags: [], paranoid: false };
  };
  const converge = async (): Promise<Report> => {
    const request = await look();
    const report = await reconcile(request, () => undefined, never);
    if (report.exit === 0) await follower.accept(request.source.head().commit!);
    return report;
  };
  rig.push(files);
  expect(await converge()).toMatchObject({ exit: 0 });
  const scope = cleanup.move();
  let changes = 0;
  return {
    clone: join(rig.path, 'clone'),
    converge,
    async compare(edit) {
      rig.push({ 'docs/changes': `${(changes += 1)}`, ...edit });
      const request = await look();
      const own = openScope(request);
      const stamp = readStamp(own.stateDirectory, own.reader.realPath);
      const asked: Asked = { request, scope: own, stamp, isCurrent: false, started: 0, emit: () => undefined, signal: never };
      const known = await readKnown(asked);
      return { known: known?.desired, compiled: await loadDesired(onFreshSources(asked).revision, own) };
    },
    [Symbol.dispose]: () => scope.dispose(),
  };
}

/** All of a catalog, with the digests of what it passes on: which of two files with the same bytes they come from does not matter. */
function whole({ catalog, graph, policy, chains }: Plannable) {
  const { contents, ...plain } = catalog;
  const { files: places, texts } = contents.places();
  return {
    plain: JSON.parse(JSON.stringify(plain)) as unknown,
    passed: Object.keys(places).sort(),
    texts,
    graph,
    policy,
    chains,
  };
}

it.each([
  ['nothing', {}],
  ['a file that is copied', { [`${files}/one`]: 'another one\n' }],
  ['a member of a tree', { [`${files}/tree/b/c`]: 'longer than before\n' }],
  ['several of them', { [`${files}/tree/a`]: '', [`${files}/tree/b/d`]: 'c d\n', [`${files}/one`]: 'x' }],
  ['a file that nothing uses', { [`${files}/unused`]: 'still not\n' }],
])('a catalog is known without compiling where a commit changes %s', async (_title, edit) => {
  using rig = await openRig();
  const { known, compiled } = await rig.compare(edit);

  expect(whole(known!)).toEqual(whole(compiled));
  expect(await rig.converge()).toMatchObject({ exit: 0, action: 'converge' });
  expect(await rig.converge()).toMatchObject({ exit: 0, writes: 0 });
});

it.each([
  ['a template', { 'desired-state/templates/two.j2': '2 {{ colour }}\n' }],
  ['a variable', { 'inventory/hosts.yml': 'all:\n  hosts:\n    box: { colour: blue }\n' }],
  ['a file into which a kind looks', { [`${files}/data.sql`]: 'CREATE TABLE a (b TEXT, c TEXT);\n' }],
  ['policy', { 'desired-state/policy.yaml': 'banned: { patterns: [bad] }\n' }],
  ['a file that ansible-vault has encrypted since', { [`${files}/one`]: '$ANSIBLE_VAULT;1.1;AES256\n3132\n' }],
  ['which files there are', { [`${files}/tree/new`]: 'new\n' }],
])('it is compiled where a commit changes %s', async (_title, edit) => {
  using rig = await openRig();

  expect((await rig.compare(edit)).known).toBeUndefined();
});

it('it is compiled where two files held the bytes that one of them has lost', async () => {
  using rig = await openRig({ ...start, [`${files}/one`]: 'a\n' });

  expect((await rig.compare({ [`${files}/tree/a`]: 'not any more\n' })).known).toBeUndefined();
});

it('it is compiled where two files have changed places', async () => {
  using rig = await openRig();

  expect((await rig.compare({ [`${files}/tree/a`]: 'c\n', [`${files}/tree/b/c`]: 'a\n' })).known).toBeUndefined();
  expect(await rig.converge()).toMatchObject({ exit: 0 });
});

it('it is compiled where a template names the commit, and where a file becomes executable, moves or goes', async () => {
  using rig = await openRig();
  chmodSync(join(rig.clone, files, 'tree/a'), 0o755);
  expect((await rig.compare({})).known).toBeUndefined();
  await rig.converge();
  renameSync(join(rig.clone, files, 'tree/a'), join(rig.clone, files, 'tree/A'));
  expect((await rig.compare({})).known).toBeUndefined();
  await rig.converge();
  rmSync(join(rig.clone, files, 'tree/b/c'));
  expect((await rig.compare({ 'desired-state/templates/two.j2': '{{ revision.short }}\n' })).known).toBeUndefined();
  await rig.converge();

  expect((await rig.compare({ [`${files}/one`]: 'x' })).known).toBeUndefined();
});

it('what a commit changes is judged, with the place of what is wrong', async () => {
  using rig = await openRig();
  await rig.compare({ [`${files}/tree/a`]: 'good\n', [`${files}/tree/b/c`]: 'one\nevil\n' });

  const report = await rig.converge();
  expect(report).toMatchObject({ exit: 7, writes: 0 });
  expect(report.problems).toMatchObject([{ code: 'banned-provider', at: { file: `${files}/tree/b/c`, line: 2, column: 1 } }]);
});

it('whatever commits change, a catalog that is known is the one that is compiled', async () => {
  const text = fc.constantFrom('', 'a\n', 'b\n', 'c\n', 'text\n');
  const path = fc.constantFrom(
    ...Object.keys(start).filter((name) => name.startsWith(files) && !name.endsWith('.sql')),
    `${files}/tree/new`,
  );
  const edits = fc.dictionary(path, text, { maxKeys: 3 });
  let found = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(edits, { minLength: 4, maxLength: 8 }), async (steps) => {
      using rig = await openRig();
      for (const edit of steps) {
        const { known, compiled } = await rig.compare(edit);
        if (known) expect(whole(known)).toEqual(whole(compiled));
        if (known) found += 1;
        expect(await rig.converge()).toMatchObject({ exit: 0 });
      }
    }),
    { numRuns: process.env['LONG'] === '1' ? 100 : 3, seed: 11 },
  );
  expect(found).toBeGreaterThan(3);
}, 600_000);
