import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { AgentEvent } from '../model/agent.ts';

/** What V8's `gc` takes, as far as it is used here. */
type Collect = (options: { readonly type: 'major'; readonly flavor: 'last-resort' }) => void;

/** What is not worth two collections of everything, which take as long as a small run. Bytes. */
const worthwhile = 4 * 1024 * 1024;

/**
 * A process that is idle for days is to be small, also after a large apply and after a flood of requests; but a run that has to save
 * memory collects garbage all the time and takes three times as long. So the heap may grow while a run is at work, and when the
 * process has grown after one that was more than a look, all that it used is given back to the system, which V8 alone would put
 * off until there is work again. To be told of every event.
 */
export function tendMemory(): (event: AgentEvent) => void {
  let least = 0;
  let mayHaveGrown = true;
  saveMemory();
  return (event) => {
    if (event.type === 'finished') mayHaveGrown ||= event.report.writes > 0 || event.report.outcome !== 'converged';
    if (event.type !== 'status') return;
    if (event.status.phase !== 'idle') return setFlagsFromString('--no-optimize-for-size');
    saveMemory();
    const hasGrown = mayHaveGrown && process.memoryUsage.rss() >= least + worthwhile;
    mayHaveGrown = false;
    if (!hasGrown) return;
    // Whoever waits for the end of the run is told first.
    setImmediate(() => {
      collectGarbage();
      least = process.memoryUsage.rss();
    });
  };
}

/** Paths beyond which a run is long enough to be worth the memory of code that is compiled, some 8 MB, though not by the dearest compiler. */
const manyPaths = 2_000;

/** For an agent that manages this many paths; it starts without any compiler. */
export function chooseCompiler(paths: number): void {
  if (paths > manyPaths) for (const compiler of ['--sparkplug', '--maglev']) setFlagsFromString(compiler);
}

const saveMemory = (): void => setFlagsFromString('--optimize-for-size');

function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as Collect)({ type: 'major', flavor: 'last-resort' });
}
