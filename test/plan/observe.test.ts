import { describe, expect, it } from 'vitest';
import type { HostReader } from '../../src/host/host.ts';
import type { CatalogResource } from '../../src/model/catalog.ts';
import type { LastApplied } from '../../src/model/last-applied.ts';
import { observe } from '../../src/plan/observe.ts';
import type { AnyResourceType } from '../../src/resources/resource-type.ts';

interface Thing {
  readonly name: string;
  readonly gone?: true;
}

const host = { stat: () => undefined } as unknown as HostReader;
const { signal } = new AbortController();
const resource = (name: string, kind = 'thing'): CatalogResource =>
  ({ address: `${kind}[${name}]`, kind, desired: { name } }) as CatalogResource;
const applied = (name: string): [string, LastApplied] => [
  `thing[${name}]`,
  { address: `thing[${name}]`, kind: 'thing', desired: { name } } as LastApplied,
];

/** Counts its surveys; each tells whom it was made for. */
function thingType(answer: (names: readonly string[]) => readonly string[]): { type: AnyResourceType; surveys: string[][] } {
  const surveys: string[][] = [];
  const type = {
    kind: 'thing',
    survey(all: readonly Thing[]) {
      surveys.push(all.map(({ name, gone }) => (gone ? `-${name}` : name)));
      return answer(surveys.at(-1)!);
    },
    inspect: ({ name }: Thing, { survey }: { survey: readonly string[] }) => ({ saw: survey.includes(name) }),
    absent: (desired: Thing): Thing => ({ ...desired, gone: true }),
    unsupported: ({ name }: Thing) => (name === 'unsupported' ? 'not here' : undefined),
  } as unknown as AnyResourceType;
  return { type, surveys };
}

describe('a survey', () => {
  it('is made once for all resources of the kind, and for what left git, but not for what this host cannot have', async () => {
    const { type, surveys } = thingType((names) => names);
    const wanted = [resource('a'), resource('unsupported'), resource('b')];

    const { byAddress, failures } = await observe(wanted, new Map([applied('b'), applied('c')]), host, () => type, signal);

    expect(surveys).toEqual([['a', 'b', '-c']]);
    expect([...byAddress.values()].map(({ actual, unsupported }) => unsupported ?? actual)).toEqual([
      { saw: true },
      'not here',
      { saw: true },
      { saw: false },
    ]);
    expect(failures).toEqual([]);
  });

  it('is not made when nothing of the kind is there', async () => {
    const { type, surveys } = thingType((names) => names);

    await observe([resource('unsupported')], new Map(), host, () => type, signal);

    expect(surveys).toEqual([]);
  });

  it('that fails is the failure of every resource of the kind, and of no other', async () => {
    const { type, surveys } = thingType(() => {
      throw new Error('no answer');
    });
    const other = { kind: 'other', inspect: () => ({}) } as unknown as AnyResourceType;

    const { byAddress, failures } = await observe(
      [resource('a'), resource('x', 'other'), resource('b')],
      new Map(),
      host,
      (kind) => (kind === 'thing' ? type : other),
      signal,
    );

    expect(failures).toEqual([
      { address: 'thing[a]', message: 'no answer' },
      { address: 'thing[b]', message: 'no answer' },
    ]);
    expect([...byAddress.keys()]).toEqual(['other[x]']);
    expect(surveys).toHaveLength(1);
  });
});
