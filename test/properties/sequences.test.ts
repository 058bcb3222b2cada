import fc from 'fast-check';
import { chmodSync, lstatSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it, vi } from 'vitest';
import type { Report } from '../../src/model/report.ts';
import { rollBackRuns } from '../../src/operations/roll-back-runs.ts';
import { reconcile } from '../../src/reconcile.ts';
import { workingTree } from '../../src/source/working-tree.ts';
import { makeLiveRepository, type LiveRepository } from '../support/live-repository.ts';
import { snapshot } from '../support/snapshot.ts';

const numRuns = process.env['LONG'] === '1' ? 2000 : 15;

/** One resource; its own attributes and the common ones in YAML. */
interface Wish {
  readonly path: string;
  readonly attributes: string;
  readonly common: string;
}

const place = fc.constantFrom('a', 'b', 'd', 'd/x', 'd/e/y', 'w/z');
/** Mostly nothing. */
const maybe = (...texts: readonly string[]): fc.Arbitrary<string> => fc.option(fc.constantFrom(...texts), { nil: '', freq: 2 });
const mode = maybe(", mode: '0600'", ", mode: '0644'", ", mode: '0755'");
const isRoot = process.getuid?.() === 0;
/** Only root gets into a directory that nobody may enter. */
const directoryMode = isRoot ? mode : maybe(", mode: '0700'", ", mode: '0755'");
const owner = isRoot ? maybe(', owner: nobody', ', owner: daemon') : fc.constant('');
const common = fc
  .tuple(maybe(', on_drift: report', ', on_drift: hold'), maybe(', prune: "no"', ', prune: confirm'), maybe(', tags: [t]'))
  .map((parts) => parts.join(''));

const wishOf = (end: string, ...attributes: readonly fc.Arbitrary<string>[]): fc.Arbitrary<Wish> =>
  fc.record({
    path: place.map((path) => `${path}${end}`),
    attributes: fc.tuple(...attributes).map((parts) => parts.join('')),
    common,
  });
const wish: fc.Arbitrary<Wish> = fc.oneof(
  wishOf('', fc.constantFrom('kind: file, content: x', 'kind: file, content: "two\\nlines\\n"'), mode, owner),
  wishOf('', fc.constantFrom('kind: file, content: seed, create_only: true', 'kind: file, ensure: absent')),
  wishOf('', fc.constant('kind: directory'), directoryMode, owner),
  wishOf('', fc.constantFrom('kind: directory, ensure: absent', 'kind: link, target: x', 'kind: link, target: /etc/y')),
  wishOf('', fc.constant('kind: tree, source: '), fc.constantFrom('one', 'two', 'three'), maybe(', purge: all')),
  wishOf('.yaml', fc.constantFrom('kind: config, set: { A: 1 }', 'kind: config, set: { A: x, B: 2 }, unset: [C]'), mode),
  wishOf('.ini', fc.constantFrom('kind: config, set: { A: 1 }', 'kind: config, set: { A: x, B: 2 }, unset: [C]')),
);
/** A file where others have a directory, and the other way round. */
const sources = { 'one/a': 'a', 'one/sub/b': 'b', 'two/a': 'other', 'two/c/d': 'deep', 'three/sub': 'file' };

type Deed = (typeof deeds)[number];
const deeds = ['write', 'remove', 'chmod', 'link', 'mkdir'] as const;
type Step =
  | { readonly type: 'configure'; readonly wishes: readonly Wish[]; readonly fails: boolean }
  | { readonly type: 'deed'; readonly path: string; readonly deed: Deed }
  | { readonly type: 'run'; readonly tags: readonly string[]; readonly paranoid: boolean }
  | { readonly type: 'rollback'; readonly back: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    type: fc.constant('configure' as const),
    wishes: fc.uniqueArray(wish, { minLength: 1, maxLength: 6, selector: ({ path }) => path }),
    fails: fc.integer({ max: 6, min: 0 }).map((chance) => chance === 6),
  }),
  fc.record({
    type: fc.constant('deed' as const),
    path: fc.oneof(place, fc.constantFrom('d/foreign', 'd/e', 'a.yaml', 'w', 'd/sub/b')),
    deed: fc.constantFrom(...deeds),
  }),
  fc.record({ type: fc.constant('run' as const), tags: fc.constantFrom([], [], ['t']), paranoid: fc.boolean() }),
  fc.record({ type: fc.constant('rollback' as const), back: fc.nat({ max: 2 }) }),
);

function configure(live: LiveRepository, { wishes, fails }: Step & { readonly type: 'configure' }): void {
  const lines = wishes.map(({ path, attributes, common: rest }) => `- { ${attributes}, path: "{{ base }}/${path}"${rest} }`);
  live.resources([...lines, ...(fails ? ['- { kind: command, argv: ["false"], unless: ["false"] }'] : [])].join('\n'));
}

/** What people do between runs. */
function act(file: string, deed: Deed): void {
  const stat = lstatSync(file, { throwIfNoEntry: false });
  if (deed === 'chmod') {
    if (stat && !stat.isSymbolicLink()) chmodSync(file, stat.isDirectory() ? 0o711 : 0o604);
    return;
  }
  rmSync(file, { recursive: true, force: true });
  if (deed === 'remove') return;
  mkdirSync(dirname(file), { recursive: true });
  if (deed === 'mkdir') mkdirSync(file);
  else if (deed === 'link') symlinkSync('nowhere', file);
  else writeFileSync(file, 'somebody was here\n');
}

/** Where a file has the place of a directory there is nothing to do. */
function tryToAct(file: string, deed: Deed): void {
  try {
    act(file, deed);
  } catch (error) {
    if (!['ENOTDIR', 'EEXIST', 'ENOENT'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
}

const silent = (): void => undefined;
const wanted = ({ steps }: Report): readonly string[] =>
  steps
    .filter(({ action }) => action !== 'none')
    .map(({ action, address }) => `${action} ${address}`)
    .sort();

/** A run that changed something, with the tree before and after it. */
interface Applied {
  readonly run: string;
  readonly before: string;
  readonly after: string;
}

/** A check and two runs, with what each promises. The run, if it can be taken back. */
async function runTwice(live: LiveRepository, { tags, paranoid }: Step & { readonly type: 'run' }): Promise<Applied | undefined> {
  const run = (action: 'check' | 'converge', isParanoid = paranoid): Promise<Report> =>
    reconcile(
      { action, source: workingTree(live.path), host: 'box', tags, paranoid: isParanoid },
      silent,
      new AbortController().signal,
    );
  const before = snapshot(live.base);
  const check = await run('check');
  expect(snapshot(live.base), 'a check writes nothing').toBe(before);
  const first = await run('converge');
  const after = snapshot(live.base);
  const told = `${check.summary}\n${first.summary}`;
  expect([0, 6, 7, 65], told).toContain(first.exit);
  if (first.exit !== 0) {
    expect(after, `a run that fails leaves nothing\n${told}`).toBe(before);
    expect([check.exit, 6], `a check foresees refusals\n${told}`).toContain(first.exit);
    if (first.exit === 6) expect(first.summary).toContain('command[false] failed');
    return undefined;
  }
  expect(wanted(first), `a run does what the check has told\n${told}`).toEqual(wanted(check));
  const second = await run('converge');
  expect(snapshot(live.base), `the second run changes nothing\n${told}\n${second.summary}`).toBe(after);
  expect(second).toMatchObject({ exit: 0, writes: 0 });
  expect(wanted(await run('check', true)), 'a paranoid check sees no more').toEqual(wanted(second));
  return first.steps.some(({ outcome }) => outcome === 'changed') ? { run: first.run, before, after } : undefined;
}

/** Takes back one of the runs that can be, and all after it. */
async function rollBack(live: LiveRepository, applied: Applied[], back: number): Promise<void> {
  const before = snapshot(live.base);
  const from = Math.max(0, applied.length - 1 - back);
  const chain = applied.splice(from);
  const isUntouched = chain.every(({ after }, index) => after === (chain[index + 1]?.before ?? before));
  const stateDirectory = live.env['RECONCILE_STATE_DIR']!;
  const result = await rollBackRuns({ run: chain[0]?.run, root: undefined, stateDirectory }, silent);
  if (!chain[0]) expect(result).toMatchObject({ refused: 'no run is left that could be taken back' });
  // What others have done meanwhile may be in the way; then the next run goes on with it.
  else if (isUntouched) {
    expect(result).toMatchObject({ exit: 0 });
    expect(snapshot(live.base), 'a rollback leaves what stood before the run').toBe(chain[0].before);
  } else if ('exit' in result && result.exit === 8) throw new Stuck();
}

/** A rollback that somebody else's work is in the way of: only people can go on from there. */
class Stuck extends Error {}

it(
  `${numRuns} random lives of a host: every run does what its check has told, twice nothing, and goes back to what it found`,
  { timeout: 3_600_000 },
  async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 24, size: 'max' }), async (steps) => {
        using live = makeLiveRepository(
          '',
          Object.fromEntries(Object.entries(sources).map(([n, t]) => [`desired-state/files/${n}`, t])),
        );
        live.write('desired-state/policy.yaml', 'destroy: { max_delete: 1000, max_delete_percent: 100 }\n');
        for (const [name, value] of Object.entries(live.env)) vi.stubEnv(name, value);
        const applied: Applied[] = [];
        try {
          for (const each of steps) {
            if (each.type === 'configure') configure(live, each);
            else if (each.type === 'deed') tryToAct(join(live.base, each.path), each.deed);
            else if (each.type === 'rollback') await rollBack(live, applied, each.back);
            else applied.push(...[await runTwice(live, each)].filter((run) => run !== undefined));
          }
        } catch (error) {
          if (!(error instanceof Stuck)) throw error;
        }
      }),
      { numRuns, seed: 20261122 },
    );
  },
);
