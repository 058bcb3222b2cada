import { measure, type Command, type Sample } from './measure.ts';

/** Our command against a peer's, on the same input. */
interface Contest {
  readonly ours: Command;
  readonly theirs: Command;
  /** Before every run of either. */
  readonly before?: (target: 'ours' | 'theirs') => void;
  /** After every run; throws when the result is wrong. */
  readonly verify?: (target: 'ours' | 'theirs', sample: Sample) => void;
}

interface Figures {
  /** Seconds. */
  readonly wall: number;
  readonly cpu: number;
  /** Megabytes. */
  readonly memory: number;
}

export interface Ratio {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

export interface ContestResult {
  readonly ours: Figures;
  readonly theirs: Figures;
  /** Ours divided by theirs, pair by pair. */
  readonly wall: Ratio;
  readonly cpu: Ratio;
  readonly pairs: number;
}

/** Peers slower than this, in seconds, are run in fewer pairs: nothing close hangs on them. */
const slow = 2;

/** Runs both in turn (A B A B) after one run of each that does not count. */
export function compete({ ours, theirs, before, verify }: Contest, pairs: number, work: string): ContestResult {
  const run = (who: 'ours' | 'theirs'): Sample => {
    before?.(who);
    const sample = measure(who === 'ours' ? ours : theirs, work);
    verify?.(who, sample);
    return sample;
  };
  run('ours');
  const count = run('theirs').wall > slow ? Math.min(pairs, 2) : pairs;
  const samples = Array.from({ length: count }, () => ({ ours: run('ours'), theirs: run('theirs') }));
  const figures = (who: 'ours' | 'theirs'): Figures => ({
    wall: median(samples.map((pair) => pair[who].wall)),
    cpu: median(samples.map((pair) => pair[who].cpu)),
    memory: median(samples.map((pair) => pair[who].memory)),
  });
  const ratio = (of: 'wall' | 'cpu'): Ratio => {
    // Half a millisecond stands for a time that the clock shows as 0.
    const ratios = samples.map((pair) => pair.ours[of] / Math.max(pair.theirs[of], 0.0005));
    return { median: median(ratios), min: Math.min(...ratios), max: Math.max(...ratios) };
  };
  return { ours: figures('ours'), theirs: figures('theirs'), wall: ratio('wall'), cpu: ratio('cpu'), pairs: count };
}

export function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  return ((sorted[Math.ceil(middle) - 1] ?? NaN) + (sorted[Math.floor(middle)] ?? NaN)) / 2;
}
