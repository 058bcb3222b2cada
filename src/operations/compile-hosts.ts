import { setImmediate as pause } from 'node:timers/promises';
import { compile } from '../compile/compile.ts';
import { listed } from '../model/listed.ts';
import type { WithProblems } from '../model/located.ts';
import type { Problem } from '../model/problem.ts';
import { belowFiles } from '../plan/below-files.ts';
import { buildGraph } from '../plan/graph.ts';
import { resourceType } from '../resources/registry.ts';
import type { Sources } from '../run/load-sources.ts';

/** When there are more, further hosts are not compiled. */
const enoughProblems = 5_000;

interface Compiled extends WithProblems {
  readonly hosts: readonly string[];
  /** Resources of all that were compiled. */
  readonly resources: number;
  /** Uses of secrets that only other hosts can decrypt; not a fault of the repository. */
  readonly unreadable: number;
}

/** What is wrong with these hosts, as far as it can be told without them. Each problem is listed once, with whom it concerns. */
export async function compileHosts(
  { documents, inventory, request }: Sources,
  hosts: readonly string[],
  signal: AbortSignal,
): Promise<Compiled> {
  const found = new Map<string, { problem: Problem; readonly hosts: string[] }>();
  const compiled: string[] = [];
  let [resources, unreadable] = [0, 0];
  for (const host of hosts) {
    // A thousand take their time, and until there is a pause no signal is heard.
    await pause();
    signal.throwIfAborted();
    const catalog = compile(documents, inventory, { ...request, host });
    const graph = buildGraph(catalog, resourceType);
    for (const problem of [...catalog.problems, ...graph.problems, ...belowFiles(catalog, graph, resourceType)]) {
      if (problem.code === 'secret-unreadable') unreadable++;
      if (problem.code === 'secret-unreadable' || problem.code === 'unknown-fact') continue;
      const { hint, ...rest } = problem;
      const key = JSON.stringify(rest);
      const known = found.get(key) ?? { problem, hosts: [] };
      // One mistake may be told for several hosts, with and without a nearest word.
      if (hint !== undefined && known.problem.hint === undefined) known.problem = problem;
      if (known.hosts.at(-1) !== host) known.hosts.push(host);
      found.set(key, known);
    }
    compiled.push(host);
    resources += catalog.resources.length;
    // What is too much for one host would take as long for each of the others.
    if (catalog.problems.some(({ code }) => code === 'too-large') || found.size > enoughProblems) break;
  }
  const problems = [...found.values()].map(({ problem, hosts: its }): Problem =>
    its.length === compiled.length ? problem : { ...problem, onlyOn: listed(its) },
  );
  return { hosts: compiled, problems, resources, unreadable };
}
