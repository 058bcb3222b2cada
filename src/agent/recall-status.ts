import { existsSync } from 'node:fs';
import type { AgentStatus, AskedHealth } from '../model/agent.ts';
import type { Report, RunSummary } from '../model/report.ts';
import type { Memory } from '../model/reporter.ts';
import { convergedSummary, countDiffering } from '../run/start-run.ts';
import { readTrust } from '../source/git/trust-memory.ts';
import { agentFile, openAgentState } from '../state/agent-state.ts';
import { readStamp, stampedAt } from '../state/converged-stamp.ts';
import { keptRuns } from '../state/runs.ts';
import { openState } from '../state/state.ts';
import { openAttempts } from './attempts.ts';
import { openContest } from './contest.ts';
import { healthAfter } from './health-after.ts';
import { openStatusBoard } from './status-board.ts';

interface Asked {
  /** The name of this host where no run has told another one. */
  readonly name: string;
  readonly stateDirectory: string;
  /** Somebody wants an agent to run here. */
  readonly isEnabled: boolean;
}

/** What a host without a running agent says of itself, from what the agent and the runs have left. Nothing is made. */
export function recallStatus({ name, stateDirectory, isEnabled }: Asked): AgentStatus {
  using kept = existsSync(agentFile(stateDirectory)) ? openAgentState(stateDirectory) : undefined;
  const memory = (part: string): Memory => kept?.memory(part) ?? { get: () => undefined, set: () => undefined };
  const status = openStatusBoard({
    host: name,
    stateDirectory,
    memory: memory('status'),
    attempts: openAttempts(memory('attempts')),
    contest: openContest(memory('contest')),
    hooked: [],
    lastGood: () => undefined,
    changed: () => undefined,
  }).status();
  using state = openState(stateDirectory, { readOnly: true });
  const runs = state?.runs.summaries(keptRuns) ?? [];
  const [latest] = state?.runs.briefs(1) ?? [];
  const trust = readTrust(memory('source'), stateDirectory);
  const accepted = 'code' in trust ? null : trust.applied;
  const standing = standingRuns(runs);
  const stamped = stampedAfter(latest, stateDirectory);
  const { health: told, ...rest } = status;
  const health = runs
    .filter((run) => !told || endOf(run) > told.at)
    .reduceRight<AskedHealth | undefined>((before, run) => healthAfter(run, endOf(run), before), told);
  return {
    ...rest,
    ...(health && { health }),
    host: latest?.host ?? status.host,
    startedAt: null,
    phase: 'absent',
    revision: { ...status.revision, ...appliedOf(runs, standing, accepted) },
    last: stamped ?? (latest ? lastOf(latest) : status.last),
    lastSuccess: newest([status.lastSuccess, stamped?.at ?? null, ...standing.slice(0, 1).map(endOf)]),
    // Nobody tries it again.
    retry: null,
    stalled: isEnabled ? 'the agent is to run here, and does not: journalctl -u timmy-reconciler tells why' : status.stalled,
    differing: latest && !stamped ? countDiffering(latest.steps) : 0,
  };
}

/** The run that found nothing to do after the newest one that is recorded, as its stamp tells of it. */
function stampedAfter(latest: Report | undefined, stateDirectory: string): NonNullable<AgentStatus['last']> | undefined {
  const at = stampedAt(stateDirectory);
  const stamp = readStamp(stateDirectory, (path) => path);
  if (!stamp || stamp.differs || at === undefined || (latest && (latest.run === stamp.run || endOf(latest) > at)))
    return undefined;
  const { run, resources, held } = stamp;
  const counts = { resources, converged: resources - held, create: 0, update: 0, remove: 0, held, failed: 0, adopted: 0 };
  return { run, outcome: 'converged', summary: convergedSummary(counts), at };
}

/** Those that brought the host to a revision and were not taken back, newest first. */
function standingRuns(runs: readonly RunSummary[]): readonly RunSummary[] {
  const takenBack = new Set(runs.flatMap((run) => run.takenBack ?? []));
  return runs.filter(({ action, outcome, run }) => action === 'converge' && outcome === 'converged' && !takenBack.has(run));
}

/** A revision for which nothing had to be done is in no run, but was accepted. */
function appliedOf(
  runs: readonly RunSummary[],
  standing: readonly RunSummary[],
  accepted: { readonly commit: string; readonly branch: string | null } | null,
): { readonly applied: string | null; readonly branch: string | null } {
  const isRecorded = standing.some(({ revision }) => revision.commit === accepted?.commit);
  const isTakenBack = runs.find((run) => run.takenBack ?? standing.includes(run))?.takenBack !== undefined;
  const { commit, branch } =
    accepted && !isRecorded && !isTakenBack ? accepted : (standing[0]?.revision ?? { commit: null, branch: null });
  return { applied: commit, branch };
}

const lastOf = (report: Report): AgentStatus['last'] => {
  const { run, outcome, summary } = report;
  return { run, outcome, summary, at: endOf(report) };
};

const endOf = ({ startedAt, duration }: Pick<Report, 'startedAt' | 'duration'>): string =>
  new Date(Date.parse(startedAt) + duration).toISOString();

/** None is in the future: a clock may have been ahead. */
function newest(times: readonly (string | null)[]): string | null {
  const latest = Math.max(...times.map((time) => (time === null ? -Infinity : Date.parse(time))));
  return latest === -Infinity ? null : new Date(Math.min(latest, Date.now())).toISOString();
}
