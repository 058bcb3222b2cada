import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readInventory } from '../../src/inventory/read-inventory.ts';
import { hostsToCompile } from '../../src/operations/hosts-to-compile.ts';
import { loadDocuments } from '../../src/source/load.ts';
import { memoryTree } from '../inventory/memory-tree.ts';
import { runCli } from '../support/run-cli.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const site = 'assignments:\n  - { hosts: all, resources: [] }\n  - { hosts: web2500, resources: [] }\n';

function choose(inventory: string, policy = '{}') {
  const documents = loadDocuments(
    memoryTree({ 'inventory/hosts.yml': inventory, 'desired-state/site.yaml': site, 'desired-state/policy.yaml': policy }),
  );
  return hostsToCompile(documents, readInventory(documents.inventory));
}

it('every host of a small inventory is compiled, in its order', () => {
  expect(choose('web: { hosts: { web2500: {}, "b[1:999]": {} } }')).toMatchObject({
    hosts: ['web2500', ...Array.from({ length: 999 }, (_, index) => `b${index + 1}`)],
    left: 0,
  });
});

it('of a large one come first the critical ones, then one for each set of assignments, groups and variables', () => {
  const inventory = `
web: { hosts: { "web[1:3000]": { port: 80 } }, vars: { shared: [1, 2] } }
db: { hosts: { "db[1:20]": {} } }
odd: { hosts: { web777: {} } }
all: { hosts: { web888: { port: 81 } } }
`;

  const { hosts, left, leftUnlike } = choose(inventory, 'portfolio: { critical: web2000 }');

  expect(hosts.slice(0, 6).toSorted()).toEqual(['db1', 'web1', 'web2000', 'web2500', 'web777', 'web888']);
  expect(hosts[0]).toBe('web2000');
  expect(new Set(hosts).size).toBe(1000);
  expect({ left, leftUnlike }).toEqual({ left: 2020, leftUnlike: 0 });
});

it('hosts beyond the bound that are like none of the chosen ones are counted', () => {
  const unlike = Array.from({ length: 1100 }, (_, index) => `h${index}: { n: ${index} }`).join(', ');

  expect(choose(`all: { hosts: { ${unlike}, "like[1:50]": { n: 3 } } }`)).toMatchObject({ left: 150, leftUnlike: 100 });
});

it('`validate` says how many hosts it did not compile', () => {
  using directory = temporaryDirectory();
  for (const part of ['inventory', 'desired-state']) mkdirSync(join(directory.path, part));
  writeFileSync(join(directory.path, 'inventory/hosts.yml'), 'all: { hosts: { "h[1:3000]": {} } }\n');
  writeFileSync(join(directory.path, 'desired-state/site.yaml'), 'assignments: []\n');

  const { exit, stdout, stderr } = runCli(['validate', '--source', directory.path]);

  expect(exit).toBe(0);
  expect(stdout).toBe('Valid, 1000 hosts compiled\n');
  expect(stderr).toBe('2000 more hosts not compiled; --host NAME checks one\n');
});
