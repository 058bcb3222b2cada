import fc from 'fast-check';
import type { OracleCase } from '../support/ansible.ts';

const groupNames = ['all', 'ungrouped', 'alpha', 'beta', 'gamma', 'delta', 'eps', 'zeta'];
const hostKeys = [
  'h1',
  'h2',
  'h3.ex',
  'w[1:3]',
  'w[02:04].ex',
  'db-[a:c]',
  'n[0:4:2]',
  'h2:2222',
  '192.0.2.[1:2]',
  '[::1]:22',
  'beta',
];
const hostNames = ['h1', 'h2', 'h3.ex', 'w1', 'w3', 'w03.ex', 'db-b', 'n2', '192.0.2.1', 'beta'];
const variableNames = ['v1', 'v2', 'v3', 'v4'];

type Content = { readonly [name: string]: unknown };

const variables = fc.dictionary(
  fc.constantFrom(...variableNames),
  fc.oneof(fc.nat(999), fc.constant(null), fc.constant({ a: [1] })),
  { maxKeys: 3 },
);
const priority = fc.option(fc.integer({ min: -2, max: 3 }), { nil: undefined, freq: 2 });
const groupVariables = fc
  .tuple(variables, priority)
  .map(([vars, level]): Content => (level === undefined ? vars : { ...vars, ansible_group_priority: level }));
const hosts = fc.dictionary(fc.constantFrom(...hostKeys), fc.option(variables), { maxKeys: 4 });
const groupName = fc.constantFrom(...groupNames.slice(2));

const { group } = fc.letrec<{ group: Content | null; children: Content }>((tie) => ({
  group: fc.option(
    fc.record<Content>(
      { hosts: fc.option(hosts, { freq: 8 }), vars: fc.option(groupVariables, { freq: 8 }), children: tie('children') },
      { requiredKeys: [] },
    ),
    { freq: 6 },
  ),
  children: fc.dictionary(groupName, tie('group'), { maxKeys: 2 }),
}));

const anyInventory = fc.dictionary(fc.constantFrom(...groupNames), group, { minKeys: 1, maxKeys: 4 });
/** One in ten may have circles; the others only have edges that lead forward in the list of names. */
const inventory = fc.tuple(anyInventory, fc.nat(9)).map(([content, dice]) => (dice === 0 ? content : forwardOnly(content)));

function forwardOnly(groups: Content, from = ''): Content {
  const kept = Object.entries(groups).filter(([name]) => groupNames.indexOf(name) > groupNames.indexOf(from));
  return Object.fromEntries(
    kept.map(([name, content]) => {
      const children = (content as Content | null)?.['children'] as Content | undefined;
      return [name, children ? { ...(content as Content), children: forwardOnly(children, name) } : content];
    }),
  );
}

const fileName = (names: readonly string[]): fc.Arbitrary<string> =>
  fc
    .tuple(
      fc.constantFrom(...names),
      fc.constantFrom('', '.yml', '.yaml', '.json', '/a.yml', '/b', '/b.d/c.yml', '/s/z.json', '/x~', '/.y.yml'),
    )
    .map(([name, ending]) => name + ending);

const variableFiles = (directory: string, names: readonly string[]): fc.Arbitrary<{ readonly [path: string]: string }> =>
  fc.dictionary(fileName(names), variables, { maxKeys: 5 }).map((files) => {
    // A name cannot be both a file and a directory.
    const directories = new Set(Object.keys(files).flatMap((path) => (path.includes('/') ? [path.split('/')[0]] : [])));
    const kept = Object.entries(files).filter(([path]) => path.includes('/') || !directories.has(path));
    return Object.fromEntries(kept.map(([path, vars]) => [`${directory}/${path}`, JSON.stringify(vars)]));
  });

const name = fc.constantFrom(...groupNames, ...hostNames, 'nobody');
const glob = fc.constantFrom('*', '*a', 'w*', '?eta', '[a-d]*', '*.ex', '192.0.2.*', '[!w]*', 'db-[ab]', 'w?', 'al*', '*1*');
const regex = fc.constantFrom('~w\\d', '~(alpha|beta)', '~.*ex$', '~h[12]$', '~', '~db-[a-b]', '~(?P<x>z)eta', '~(?i)ALPHA');
const subscript = fc.constantFrom('[0]', '[1]', '[-1]', '[-2]', '[1:]', '[0:1]', '[0:0]', '[1:0]', '[2:5]', '[0-1]', '[7]');
const sliced = fc.tuple(fc.oneof(name, glob), subscript).map(([base, end]) => base + end);
const term = fc
  .tuple(fc.constantFrom('', '', '', '&', '!'), fc.oneof(name, glob, regex, sliced))
  .map(([sign, text]) => sign + text);
const pattern = fc
  .tuple(fc.array(term, { minLength: 1, maxLength: 4 }), fc.constantFrom(',', ':', ', '))
  .map(([terms, separator]) => terms.join(separator));

const oracleCase: fc.Arbitrary<OracleCase> = fc
  .tuple(
    fc.array(inventory, { minLength: 1, maxLength: 2 }),
    variableFiles('group_vars', groupNames),
    variableFiles('host_vars', hostNames),
    fc.array(pattern, { minLength: 20, maxLength: 20 }),
  )
  .map(([inventories, groupVars, hostVars, patterns]) => ({
    files: {
      ...Object.fromEntries(inventories.map((content, index) => [`${index}.yml`, JSON.stringify(content, null, 2)])),
      ...groupVars,
      ...hostVars,
    },
    patterns,
  }));

/** The same inventories for the same seed. */
export const generateInventories = (count: number, seed: number): readonly OracleCase[] =>
  fc.sample(oracleCase, { numRuns: count, seed });
