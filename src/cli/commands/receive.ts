import { existsSync } from 'node:fs';
import { exitCodes } from '../../model/exit-code.ts';
import type { Declined } from '../../model/visit.ts';
import { greet } from '../../operations/greet.ts';
import { openVisitInput } from '../../operations/read-visit.ts';
import { isEnforced, receiveRevision, type Visit, type Visited } from '../../operations/receive.ts';
import { openVisitPlace } from '../../operations/visit-place.ts';
import { readVisitPolicy, type VisitPolicy } from '../../operations/visit-policy.ts';
import { visitLine } from '../../report/render-visit.ts';
import { controlSocket, stateDirectory } from '../../state/state-directory.ts';
import type { Invocation } from '../invocation.ts';
import { rootOption } from '../request.ts';

/**
 * Takes a revision from `reconcile fleet`, as `model/visit.ts` says. Where an agent runs, it is the one who does so, and this only
 * carries what both say.
 */
export async function run(invocation: Invocation): Promise<number> {
  const root = rootOption(invocation);
  const directory = stateDirectory(root);
  const { signal } = invocation;
  const socket = controlSocket(directory);
  if (existsSync(socket)) {
    const { handOver } = await import('../../agent/hand-over.ts');
    const exit = await handOver(socket, process.stdin, process.stdout, signal);
    if (exit !== undefined) return exit;
  }
  const policy = await readVisitPolicy(directory);
  const { host } = policy;
  tell(greet(directory, host, null));
  try {
    return await receive({ stateDirectory: directory, host, root, rules: () => readRules(directory, policy) }, signal);
  } finally {
    process.stdin.destroy();
  }
}

const tell = (said: Parameters<typeof visitLine>[0]): void =>
  void process.stdout.write(visitLine(said, new Date().toISOString()));

async function receive(visited: Visited, signal: AbortSignal): Promise<number> {
  const input = openVisitInput(process.stdin, signal);
  const order = await input.readOrder();
  if ('type' in order) return decline(order);
  if (isEnforced(visited.stateDirectory, order.commit)) return answer({ order, bundle: undefined, place: '' }, visited, signal);
  using place = openVisitPlace(visited.stateDirectory);
  const bundle = await input.readBundle(order, place.path);
  if (bundle && 'type' in bundle) return decline(bundle);
  return await answer({ order, bundle: bundle?.path, place: place.path }, visited, signal);
}

async function answer(visit: Visit, visited: Visited, signal: AbortSignal): Promise<number> {
  const report = await receiveRevision(visit, visited, tell, signal);
  return 'type' in report ? decline(report) : report.exit;
}

function decline(declined: Declined): number {
  tell(declined);
  return exitCodes[declined.exit].code;
}

/** Loaded for a revision that is not enforced yet. */
async function readRules(directory: string, { trust, problems }: VisitPolicy): ReturnType<Visited['rules']> {
  if (problems.length === 0) {
    const { openAgentState } = await import('../../state/agent-state.ts');
    return { trust, memory: openAgentState(directory).memory('source') };
  }
  const { formatProblem } = await import('../../model/problem.ts');
  const message = `the host policy has problems: ${problems.map(formatProblem).join('; ')}`;
  return { type: 'declined', exit: 'invalid', message, hint: 'correct it on that host' };
}
