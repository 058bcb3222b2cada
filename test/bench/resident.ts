import { median } from './contest.ts';

/**
 * Milliseconds of CPU that one pass of an agent takes with nothing to do, after the look at the remote, which `follow` measures: the
 * median of 20 after 20. Like the agent's its source is a commit.
 */
export async function measureResident({
  repository,
  root,
}: {
  readonly repository: string;
  readonly root: string;
}): Promise<number> {
  // Only this case needs the program in the process of the bench.
  const { reconcile } = await import('../../src/reconcile.ts');
  const { openFollower } = await import('../../src/source/git/follow.ts');
  const { openAgentState } = await import('../../src/state/agent-state.ts');
  const { stateDirectory } = await import('../../src/state/state-directory.ts');
  const signal = new AbortController().signal;
  const directory = stateDirectory(root);
  using state = openAgentState(directory);
  const remote = { urls: [repository], branch: 'main', testing_branch: false, user: 'git', timeout: '60s' };
  const follower = openFollower({ directory, remote, trust: { verify: 'off' }, host: 'bench', memory: state.memory('source') });
  const { source, problem } = await follower.look(signal);
  if (!source) throw new Error(problem?.message ?? 'nothing was fetched');
  const run = () =>
    reconcile({ action: 'converge', source, host: 'bench', root, tags: [], paranoid: false }, () => undefined, signal);
  const pass = async (): Promise<number> => {
    const before = process.cpuUsage();
    const report = await run();
    const { user, system } = process.cpuUsage(before);
    if (report.outcome !== 'converged' || report.writes > 0)
      throw new Error(`a resident pass was not converged: ${report.summary}`);
    return (user + system) / 1000;
  };
  const passes: number[] = [];
  await run();
  for (let index = 0; index < 40; index++) passes.push(await pass());
  return median(passes.slice(20));
}
