import { median } from './contest.ts';

/** Milliseconds of CPU that one pass takes in a process that stays up, with nothing to do: the median of 20 after 20. */
export async function measureResident({
  repository,
  root,
}: {
  readonly repository: string;
  readonly root: string;
}): Promise<number> {
  // Only this case needs the program in the process of the bench.
  const { reconcile } = await import('../../src/reconcile.ts');
  const { workingTree } = await import('../../src/source/working-tree.ts');
  const signal = new AbortController().signal;
  const pass = async (): Promise<number> => {
    const before = process.cpuUsage();
    const report = await reconcile(
      { action: 'converge', source: workingTree(repository), host: 'bench', root, tags: [], paranoid: false },
      () => undefined,
      signal,
    );
    const { user, system } = process.cpuUsage(before);
    if (report.outcome !== 'converged' || report.writes > 0)
      throw new Error(`a resident pass was not converged: ${report.summary}`);
    return (user + system) / 1000;
  };
  const passes: number[] = [];
  for (let index = 0; index < 40; index++) passes.push(await pass());
  return median(passes.slice(20));
}
