import { describe, expect, it } from 'vitest';
import { graphInventory, listHost, listInventory } from '../../src/inventory/list-inventory.ts';
import { readInventory } from '../../src/inventory/read-inventory.ts';
import { selectHosts } from '../../src/inventory/select-hosts.ts';
import { loadInventoryFiles } from '../../src/source/inventory-files.ts';
import { askAnsible, noAnsible, type OracleAnswer, type OracleCase } from '../support/ansible.ts';
import { generateInventories } from './generated-inventories.ts';
import { inventoryTree } from './memory-tree.ts';
import { writtenInventories } from './written-inventories.ts';

if (noAnsible !== undefined) console.log(noAnsible);

const seed = Number(process.env['SEED'] ?? 20_261_120);
const patterns =
  'all|*|all:!g|web|g:&all|!g|a*,~h\\d|g[0]|all[-1]|all[1:]|all[0:1]|all[5]|w1 , d1|h|a.example|h[0]|2001:db8::2|a:2222|x:y:z|localhost|' +
  'ungrouped|top:&left:!leaf|*.example[0]|w*[1:2],!w2|all,|constructor';

/** Compares everything that can be asked about one inventory. */
function compare({ files, patterns: asked }: OracleCase, answer: OracleAnswer): void {
  const inventory = readInventory(loadInventoryFiles(inventoryTree(files)));
  // Ansible ignores files for names that nobody has, and forgets some hosts; we do too, but say so.
  const isOurs = /but the inventory has no|Ansible finds it nowhere/;
  const problems = inventory.problems.filter(({ message }) => !isOurs.test(message));
  if (answer.failed !== null) return expect(problems, answer.failed).not.toEqual([]);
  expect(problems).toEqual([]);
  expect(listInventory(inventory)).toEqual(answer.list);
  expect(`${graphInventory(inventory)}\n`).toBe(answer.graph);
  for (const pattern of asked) {
    const { hosts, problems: wrong } = selectHosts(inventory, pattern);
    const expected = answer.patterns[pattern];
    // An implicit localhost is not in the inventory, and nothing can be desired of it.
    const explicit = expected?.filter((host) => inventory.hosts.includes(host));
    if (explicit) expect(hosts, pattern).toEqual(explicit);
    else
      expect(
        wrong.map(({ code }) => code),
        pattern,
      ).toContain('bad-pattern');
  }
}

describe.skipIf(noAnsible !== undefined)('beside ansible-core', () => {
  it('reads every hand-written inventory as ansible-inventory does', () => {
    const titles = Object.keys(writtenInventories);
    const cases = titles.map((title) => ({ files: writtenInventories[title] ?? {}, patterns: patterns.split('|') }));

    const answers = askAnsible(cases);

    expect(titles.length).toBeGreaterThanOrEqual(40);
    const failures = titles.flatMap((title, index) => {
      try {
        compare(cases[index]!, answers[index]!);
        return [];
      } catch (error) {
        return [`${title}: ${String(error)}`];
      }
    });
    expect(failures).toEqual([]);
    expect(answers.filter(({ failed }) => failed !== null).length).toBeLessThan(titles.length / 2);
  }, 60_000);

  it(`reads generated inventories and patterns as ansible-inventory does (seed ${seed})`, () => {
    const cases = generateInventories(process.env['LONG'] === '1' ? 400 : 40, seed);

    const answers = askAnsible(cases);

    cases.forEach((one, index) => {
      try {
        compare(one, answers[index]!);
      } catch (error) {
        throw new Error(`inventory ${index} of seed ${seed}: ${JSON.stringify(one.files, null, 1)}`, { cause: error });
      }
    });
    expect(answers.filter(({ failed }) => failed === null).length).toBeGreaterThan(cases.length / 2);
  }, 120_000);

  it('prints each host as ansible-inventory --host does', () => {
    const files = writtenInventories['all six layers'] ?? {};
    const [answer] = askAnsible([{ files, patterns: [], host: 'h' }]);
    const inventory = readInventory(loadInventoryFiles(inventoryTree(files)));

    const listed = listHost(inventory, 'h');

    expect(listed).toEqual(answer?.host);
    expect(listed).toMatchObject({ a: 1, f: 6 });
  }, 60_000);
});
