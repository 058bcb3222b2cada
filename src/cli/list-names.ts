import { asList } from '../compile/as-list.ts';
import type { Inventory } from '../inventory/inventory.ts';
import { readInventory } from '../inventory/read-inventory.ts';
import type { SiteDocument } from '../model/document.ts';
import type { RunSummary } from '../model/report.ts';
import type { SourceTree } from '../model/revision.ts';
import { moment } from '../report/moment.ts';
import { outcomeInWords } from '../report/outcome-in-words.ts';
import { loadInventoryFiles, withoutVariables } from '../source/inventory-files.ts';
import { loadDocuments } from '../source/load.ts';
import { openWorkingTree } from '../source/working-tree.ts';
import { keptRuns } from '../state/runs.ts';
import type { State } from '../state/state.ts';
import { findWaiting } from '../state/unconfirmed.ts';
import type { NameKind } from './command-entry.ts';
import type { Invocation } from './invocation.ts';
import { withState } from './open-runs.ts';
import { sourceOption } from './request.ts';

export interface Name {
  readonly name: string;
  /** What is known of it without looking further. */
  readonly about?: string;
}

/**
 * The names of a kind, in the order in which they are offered: from the repository and the state that the options name, as
 * far as both can be read. Throws where there is none. Nothing is written, and no remote is asked.
 */
export const listNames = (kind: NameKind, invocation: Invocation): readonly Name[] => listers[kind](invocation);

const listers: Readonly<Record<NameKind, (invocation: Invocation) => readonly Name[]>> = {
  host: (invocation) => sorted(inventoryOf(invocation).hosts),
  pattern(invocation) {
    const { groups, hosts } = inventoryOf(invocation);
    return [...sorted(groups.keys(), 'group'), ...sorted(hosts, 'host')];
  },
  tags: (invocation) => sorted(tagsIn(invocation)),
  address: (invocation) => withState(invocation, ({ ledger }) => ledger.addresses().map((name) => ({ name }))),
  run: listRuns((_state, summaries) => ['latest', ...summaries.map(({ run }) => run)]),
  'applied-run': listRuns(({ journal }) => journal.undoable()),
  'refused-run': listRuns((_state, summaries) => summaries.flatMap(({ run, outcome }) => (outcome === 'refused' ? [run] : []))),
  'unconfirmed-run': listRuns((state) => findWaiting(state)?.run ?? []),
};

const inventoryOf = (invocation: Invocation): Inventory =>
  readInventory(loadInventoryFiles(withoutVariables(treeOf(invocation))));

function tagsIn(invocation: Invocation): ReadonlySet<string> {
  const files = treeOf(invocation);
  // Somebody waits: what says nothing of tags is not read.
  const list: SourceTree['list'] = (prefix) =>
    files.list(prefix).filter(({ path }) => /^desired-state\/site\.yaml$|^roles\//.test(path));
  const { site, roles } = loadDocuments({ ...files, list });
  const assignments: SiteDocument['assignments'] = site?.value.assignments ?? [];
  const uses = assignments.flatMap(({ roles: used }) => used.filter((use) => typeof use !== 'string'));
  const resources = [...assignments, ...[...roles.values()].map(({ value }) => value)].flatMap((body) => body.resources);
  return new Set([...assignments, ...uses, ...resources].flatMap(({ tags }) => asList(tags)));
}

type Choose = (state: State, summaries: readonly RunSummary[]) => string | readonly string[];

function listRuns(choose: Choose): (invocation: Invocation) => readonly Name[] {
  return (invocation) =>
    withState(invocation, (state) => {
      const summaries = state.runs.summaries(keptRuns);
      const known = new Map(summaries.map((summary) => [summary.run, summary]));
      return [choose(state, summaries)].flat().map((name) => {
        const run = known.get(name);
        return { name, ...(run && { about: `${moment(run.startedAt)}  ${outcomeInWords(run)}` }) };
      });
    });
}

const treeOf = (invocation: Invocation): SourceTree => openWorkingTree(sourceOption(invocation)).files;

const sorted = (names: Iterable<string>, about?: string): readonly Name[] =>
  [...names].sort().map((name) => ({ name, ...(about !== undefined && { about }) }));
