import { ExitError } from '../model/exit-error.ts';
import type { AgentEvent, AgentPort, AgentStatus } from '../model/agent.ts';
import { milliseconds } from '../model/duration.ts';
import type { Follower } from '../model/follower.ts';
import type { AgentPolicy, TrustPolicy } from '../model/host-policy-document.ts';
import type { Report, ReportedCheck } from '../model/report.ts';
import type { Request } from '../model/request.ts';
import { askHealth } from '../operations/ask-health.ts';
import { reconcile } from '../reconcile.ts';
import type { AgentState } from '../state/agent-state.ts';
import { openState } from '../state/state.ts';
import { removeSuspension, writeSuspension } from '../state/suspension.ts';
import { openAttempts } from './attempts.ts';
import { openBake } from './bake.ts';
import { openContest } from './contest.ts';
import { openLoop } from './loop.ts';
import { openManaged } from './managed.ts';
import type { Reporting } from './reporting.ts';
import { openStatusBoard } from './status-board.ts';
import { chooseCompiler } from './tend-memory.ts';
import { openVisits } from './visits.ts';
import { openWatch } from './watch.ts';
import { watchHealth } from './watch-health.ts';
import type { Waves } from './waves.ts';

interface AgentOptions {
  /** The name under which the agent speaks before its first run. */
  readonly name: string;
  /** As the host policy, or whoever started the agent, names this host; null where both leave it open. */
  readonly ownName: string | null;
  /** For revisions that are pushed. */
  readonly trust: TrustPolicy;
  readonly stateDirectory: string;
  /** What the agent remembers; stays open as long as the agent. */
  readonly state: AgentState;
  readonly follower: Follower;
  readonly policy: AgentPolicy;
  readonly waves: Waves;
  readonly place: Pick<Request, 'host' | 'root'>;
  /** Directories that the source is made of, where it is one of this machine. */
  readonly sourceTrees: readonly string[];
  readonly reporting: Reporting;
  /** Something that people have to know and that no report says. */
  problem(message: string): void;
  /** Something that people may want to look up later. */
  note(message: string): void;
}

/** A host that follows its repository. */
interface Agent {
  readonly port: AgentPort;
  /** Begins with a pass; resolves when `signal` has ended and the run at work is finished or taken back. */
  run(): Promise<void>;
  /** When nobody asks the port any more. */
  close(): Promise<void>;
}

/** Can be asked at once, and works once it runs. Throws `StateError` where the state cannot be used. */
export function openAgent(options: AgentOptions, signal: AbortSignal): Agent {
  const { name, stateDirectory, state, follower, policy, place, reporting } = options;
  const attempts = openAttempts(state.memory('attempts'));
  const contest = openContest(state.memory('contest'));
  const listeners = new Set<(event: AgentEvent) => void>();
  const emit = (event: AgentEvent): void => {
    for (const listener of listeners) listener(event);
  };
  const changed = (status: AgentStatus): void => emit({ type: 'status', status });
  const lastGood = (): string | null | undefined => follower.lastGood()?.head().commit;
  const memory = state.memory('status');
  const hooked = policy.hooks.flatMap(({ branches }) => branches);
  const board = openStatusBoard({ host: name, stateDirectory, memory, attempts, contest, hooked, lastGood, changed });
  const { tell } = reporting;
  const keep = (report: Report): void => {
    try {
      using runs = openState(stateDirectory);
      runs.runs.put(report);
    } catch (error) {
      // A full disk: it is told all the same.
      options.problem(`the report of run ${report.run} cannot be kept: ${(error as Error).message}`);
    }
  };
  const isWatching = policy.heal || options.sourceTrees.length > 0;
  const watch = isWatching ? openWatch((names) => loop.moved(names), options.problem) : undefined;
  const rooted = (path: string): string => (place.root === undefined ? path : place.root + path);
  const managed = openManaged(stateDirectory, rooted);
  const nothing = { paths: 0, directories: [], holds: () => false };
  const passed = async (isAsLeft: boolean): Promise<void> => {
    const { paths, directories, holds } = policy.heal ? await managed() : nothing;
    chooseCompiler(paths);
    watch?.follow({ directories, holds }, options.sourceTrees, isAsLeft);
  };
  const interval = milliseconds(policy.interval);
  const asked = (health: readonly ReportedCheck[]): void => {
    if (board.asked(health, new Date())) tell({ type: 'status', status: board.status() });
  };
  const deps = {
    follower,
    attempts,
    contest,
    stateDirectory,
    waves: options.waves,
    bake: openBake({
      waves: options.waves,
      memory: state.memory('bake'),
      stateDirectory,
      place,
      asked: (health) => void board.asked(health, new Date()),
    }),
    place,
    board,
    interval,
    name,
    keep,
    tell,
    passed,
    emit,
    problem: options.problem,
  };
  const loop = openLoop(deps, signal);
  const withRuns = <T>(act: (runs: ReturnType<typeof openState>['runs']) => T): T | undefined => {
    using kept = openState(stateDirectory, { readOnly: true });
    return kept && act(kept.runs);
  };
  const visits = openVisits(
    { ...options, host: options.ownName, memory: state.memory('source'), take: loop.take, status: board.status, asked },
    signal,
  );
  const told = (): void => {
    changed(board.status());
    tell({ type: 'status', status: board.status() });
  };
  const port: AgentPort = {
    ...visits,
    status: board.status,
    trigger: loop.trigger,
    ended: loop.ended,
    suspend(suspension) {
      writeSuspension(stateDirectory, suspension);
      told();
      // The pass that is made now knows when the next one is due: at its end.
      loop.trigger('control');
    },
    resume() {
      removeSuspension(stateDirectory);
      told();
      loop.trigger('control');
    },
    approve(name, by) {
      // By a beginning only where it fits no other run: that may be the one that was looked at.
      const run = port.report(name)?.run ?? name;
      const isWaiting = board.approve(run);
      if (isWaiting) options.note(`${by} approved the plan of run ${run}`);
      if (isWaiting) loop.trigger('control');
      return isWaiting;
    },
    async check() {
      const source = (await follower.look(signal)).source;
      if (!source) throw new ExitError('usage', 'there is no revision to check yet', 'reconcile status says why');
      return reconcile({ action: 'check', source, ...place, tags: [], paranoid: false }, () => undefined, signal);
    },
    summaries: (limit) => withRuns((runs) => runs.summaries(limit)) ?? [],
    briefs: (limit) => withRuns((runs) => runs.briefs(limit)) ?? [],
    report: (run) => withRuns((runs) => runs.get(run)),
    subscribe(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
  // An image has no health.
  if (place.root === undefined)
    watchHealth({ port, ask: (end) => askHealth(stateDirectory, end), asked, problem: options.problem }, signal);
  return { port, run: loop.run, close: async () => watch?.close() };
}
