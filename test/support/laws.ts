import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { LocalHost } from '../../src/host/local-host.ts';
import type { AnyResourceType } from '../../src/resources/resource-type.ts';
import type { Sources } from './content-memory.ts';
import { openRig, type Rig } from './resource-rig.ts';
import { snapshot } from './snapshot.ts';
import { temporaryDirectory } from './temporary-directory.ts';

interface LawCase {
  /** A fact: `replaces a shorter file`. */
  readonly name: string;
  /** Makes the host as it was before; `root` stands for `/`. */
  readonly given?: (root: string) => void;
  readonly attributes: object;
  readonly sources?: Sources;
  /** What was applied before, so that the ledger knows the resource. */
  readonly before?: object;
  readonly beforeSources?: Sources;
}

/** The calls of a Host that change something, as far as a kind can make them fail half-way. */
const mutating = [
  'writeFile',
  'writeStream',
  'link',
  'remove',
  'makeDirectory',
  'removeDirectory',
  'setMode',
  'setOwner',
  'commit',
] as const;

class Fault extends Error {}

/** Fails before or after the k-th mutating call. */
function faulty(host: LocalHost, k: number, when: 'before' | 'after'): LocalHost & { readonly calls: () => number } {
  let calls = 0;
  const wrapped = mutating.map((name) => [
    name,
    (...args: never[]) => {
      calls++;
      const isIt = calls === k;
      if (isIt && when === 'before') throw new Fault();
      const result = Reflect.apply(host[name], host, args) as unknown;
      if (!isIt) return result;
      if (result instanceof Promise) return result.then(() => Promise.reject(new Fault()));
      throw new Fault();
    },
  ]);
  return { ...host, ...Object.fromEntries(wrapped), calls: () => calls } as LocalHost & { readonly calls: () => number };
}

/**
 * What every kind must obey, on a real directory: it converges, a second run writes nothing, inspecting writes nothing, and
 * after a failure before or after any mutating call the host can be put back exactly, and a new run ends where an
 * uninterrupted one does. Whole snapshots are compared, never the kind's own opinion.
 */
export function theLaws(type: AnyResourceType, cases: readonly LawCase[], others: readonly AnyResourceType[] = []): void {
  describe(`the laws of ${type.kind}`, () => {
    describe.each(cases)('$name', (law) => {
      const setUp = async (directory: string): Promise<Rig> => {
        const rig = openRig(directory, [type, ...others]);
        mkdirSync(join(rig.root, 'etc'), { recursive: true });
        if (law.before) await rig.apply([rig.resource(type, law.before, law.beforeSources ?? law.sources)]);
        law.given?.(rig.root);
        return rig;
      };
      const desired = (rig: Rig) => [rig.resource(type, law.attributes, law.sources)];

      it('converges, and a second run writes nothing', async () => {
        using directory = temporaryDirectory();
        using rig = await setUp(directory.path);

        await rig.apply(desired(rig));
        const after = snapshot(rig.root);
        let second: ReturnType<typeof faulty> | undefined;
        const changed = await rig.apply(desired(rig), (host) => (second = faulty(host, -1, 'before')));

        expect(changed).toEqual([]);
        expect(second?.calls()).toBe(0);
        expect(snapshot(rig.root)).toBe(after);
        expect(strays(rig.root)).toEqual([]);
      });

      it('inspecting and planning write nothing', async () => {
        using directory = temporaryDirectory();
        using rig = await setUp(directory.path);
        const before = snapshot(rig.root);

        await rig.plan(desired(rig));

        expect(snapshot(rig.root)).toBe(before);
      });

      it('a failure at any call is put back exactly, and the next run ends where an uninterrupted one does', async () => {
        using reference = temporaryDirectory();
        using whole = await setUp(reference.path);
        let counter: ReturnType<typeof faulty> | undefined;
        await whole.apply(desired(whole), (host) => (counter = faulty(host, -1, 'before')));
        const goal = snapshot(whole.root);
        const calls = counter?.calls() ?? 0;

        for (let k = 1; k <= calls; k++)
          for (const when of ['before', 'after'] as const) {
            using directory = temporaryDirectory();
            using rig = await setUp(directory.path);
            const before = snapshot(rig.root);

            await expect(rig.apply(desired(rig), (host) => faulty(host, k, when))).rejects.toThrow();
            await rig.recover();
            expect(snapshot(rig.root), `put back after a failure ${when} call ${k}`).toBe(before);

            await rig.apply(desired(rig));
            expect(snapshot(rig.root), `run again after a failure ${when} call ${k}`).toBe(goal);
            expect(strays(rig.root)).toEqual([]);
          }
      });
    });
  });
}

const strays = (root: string): string[] =>
  readdirSync(root, { recursive: true })
    .map(String)
    .filter((path) => path.includes('.agent-'));
