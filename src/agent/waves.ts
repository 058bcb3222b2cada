import type { CommitStatus } from '../gitea/answers.ts';
import type { Gitea } from '../gitea/client.ts';
import { GiteaError } from '../gitea/gitea-error.ts';
import { planWaves, type Wave } from '../inventory/plan-waves.ts';
import { readInventory } from '../inventory/read-inventory.ts';
import type { Look } from '../model/follower.ts';
import { formatProblem } from '../model/problem.ts';
import type { Revision, Source } from '../model/revision.ts';
import { loadInventoryFiles, withoutVariables } from '../source/inventory-files.ts';
import { loadRollout } from '../source/load.ts';
import { judgeWave, type Said, type Waiting } from './judge-wave.ts';

/** Says when it is this host's turn to apply a new revision. */
export interface Waves {
  /**
   * What the newest revision waits for here; undefined: nothing, and never again. `applied` tells the commit that is kept up meanwhile;
   * a host that has none, or has this one already, waits for nobody. `mayAsk`: else the last answer holds. Rejects only when `signal` ends.
   */
  turn(look: Look, applied: () => string | null | undefined, mayAsk: boolean, signal: AbortSignal): Promise<Waiting | undefined>;
  /** How long this host is watched when it has applied the newest revision, and what it does when it is unwell then; undefined: it is not. */
  watch(look: Look): Watch | undefined;
}

interface Watch {
  /** Milliseconds. */
  readonly bake: number;
  /** Or else it stays as it is, for a person to look at. */
  readonly takesBack: boolean;
}

/** What the waves of a revision say to this host. */
interface Place {
  /** The wave that it waits for; undefined: none. Nobody goes by waves that cannot be told. */
  readonly before?: Wave | Waiting | undefined;
  /** From when it has applied it. */
  readonly own?: Watch | undefined;
}

interface WavesOptions {
  /** Name of this host in the inventory. */
  readonly host: string;
  /** The branch that goes in waves; on a branch of its own a host waits for nobody. */
  readonly branch: string;
  /** Where the hosts tell how they are; undefined: nobody can know, and the waves are not obeyed. */
  readonly forge: { readonly client: Pick<Gitea, 'statuses'>; readonly repository: string } | undefined;
  /** Something that people may want to look up later. */
  note(message: string): void;
}

const notObeyed =
  'the waves of rollout.yaml are not obeyed: without `gitea:` in the host policy nobody can tell how the other hosts are';
/** Milliseconds for the answer of the forge. */
const longest = 30_000;

/** Takes the waves from the new revision itself, and how they are from the commit statuses `reconcile/HOST`. */
export function openWaves({ host, branch, forge, note }: WavesOptions): Waves {
  let known: { readonly commit: string; readonly place: Place } | undefined;
  let answer: { readonly commit: string; readonly waiting: Waiting | undefined } | undefined;
  /** It was this host's turn. */
  let begun: string | undefined;
  let isNoted = false;

  const placeIn = (commit: string, source: Source): Place => {
    if (known?.commit !== commit) known = { commit, place: findPlace(source.open(), host) };
    return known.place;
  };

  const ask = async (commit: string, wave: Wave, signal: AbortSignal): Promise<Waiting | undefined> => {
    if (!forge) {
      if (!isNoted) note(notObeyed);
      isNoted = true;
      return undefined;
    }
    try {
      const bounded = AbortSignal.any([signal, AbortSignal.timeout(longest)]);
      const contexts = new Set(wave.hosts.map(contextOf));
      const { rows, now } = await forge.client.statuses.newest(forge.repository, commit, contexts, bounded);
      const waiting = judgeWave(wave, wordsOf(rows, now), now);
      // How long it waits is by the clock of the forge; that of this host may be another one.
      return waiting?.until === undefined ? waiting : { ...waiting, until: Date.now() + waiting.until - now };
    } catch (error) {
      signal.throwIfAborted();
      const why = error instanceof GiteaError ? error.message : `no answer within ${longest / 1_000} s`;
      return { words: `waits for wave ${wave.name}, of which nothing is known: ${why}` };
    }
  };

  return {
    async turn({ source, commit, branch: of }, applied, mayAsk, signal) {
      if (!source || commit === null || of !== branch || commit === begun) return undefined;
      if (!mayAsk && answer?.commit === commit) return answer.waiting;
      const kept = applied();
      const isNew = kept !== undefined && kept !== null && kept !== commit;
      const wave = isNew ? placeIn(commit, source).before : undefined;
      const waiting = wave && !('words' in wave) ? await ask(commit, wave, signal) : wave;
      if (!waiting) begun = commit;
      else if (answer?.commit !== commit || answer.waiting?.words !== waiting.words)
        note(`${commit.slice(0, 8)} ${waiting.words}`);
      answer = { commit, waiting };
      return waiting;
    },
    watch: ({ source, commit, branch: of }) =>
      forge && source && commit !== null && of === branch ? placeIn(commit, source).own : undefined,
  };
}

function findPlace({ files }: Revision, host: string): Place {
  const { rollout } = loadRollout(files);
  // A document with problems refuses the run, with all of them.
  if (!rollout) return {};
  const { waves, problems } = planWaves(rollout, readInventory(loadInventoryFiles(withoutVariables(files))));
  if (problems.length > 0) return { before: { words: `stopped: ${formatProblem(problems[0]!)}` } };
  const own = waves.findIndex(({ hosts }) => hosts.includes(host));
  if (own < 0) return {};
  return { before: waves[own - 1], own: { bake: waves[own]!.bake, takesBack: rollout.value.on_halt !== 'keep' } };
}

const prefix = 'reconcile/';
const contextOf = (host: string): string => `${prefix}${host}`;

/** By host. A time that is none has just been. */
const wordsOf = (rows: readonly CommitStatus[], now: number): ReadonlyMap<string, Said> =>
  new Map(
    rows.map(({ context, status, created_at }) => [
      context.slice(prefix.length),
      { state: status, at: Date.parse(created_at) || now },
    ]),
  );
