import { mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { DeadmanSettings } from '../model/deadman-settings.ts';
import { isObject, parseJson } from '../model/json.ts';
import type { Notice } from '../notify/notice.ts';
import { writeAtomically } from '../source/write-atomically.ts';
import type { Moment } from './clock.ts';
import type { LogRow } from './request-log.ts';
import { runtimeDirectory } from './runtime-directory.ts';
import { firstState, type Observation, type WatchState } from './step.ts';

/** What probes compare with at the next check. Times are those of the watchdog's own clock. */
export interface ProbeMemory {
  /** What the reconciler's agent last said of itself, and when that was new. */
  readonly engine?: { readonly sign: string; readonly at: number };
  readonly stamp?: { readonly id: string; readonly at: number; readonly seenAt: number };
  readonly unit?: { readonly boot: string; readonly restarts: number; readonly cpu: number | null; readonly at: number };
  readonly config?: {
    readonly digest: string;
    /** The first look that found it. */
    readonly since: number;
    /** The last look that found another one. */
    readonly otherAt: number | null;
    readonly seenAt: number;
  };
}

/** A message that one channel has not taken yet. */
export interface Unsent {
  /** Of the alert in the settings. */
  readonly channel: number;
  readonly id: string;
  readonly text: string;
  readonly notice: Notice;
}

/** Everything that a watchdog keeps from check to check. */
export interface Memory {
  readonly schema: typeof schema;
  /** Counts the writes, so that the newer of two copies is known whatever the clock says. */
  readonly sequence: number;
  readonly moment: Moment;
  /** For people; nothing is decided by it. */
  readonly checkedAt: string;
  readonly last: { readonly verdict: Observation['verdict'] | 'suppressed'; readonly reasons: readonly string[] };
  readonly watch: WatchState;
  readonly probes: ProbeMemory;
  readonly unsent: readonly Unsent[];
  /** Since when there is a message that somebody has not taken. */
  readonly unsentSince?: number | null;
  readonly unlogged: readonly LogRow[];
}

const schema = 'reconcile.deadman-state/1';

export const firstMemory = (moment: Moment): Memory => ({
  schema,
  sequence: 0,
  moment,
  checkedAt: '',
  last: { verdict: 'blind', reasons: ['not checked yet'] },
  watch: firstState,
  probes: {},
  unsent: [],
  unlogged: [],
});

const mainFile = ({ state_dir: directory }: DeadmanSettings): string => join(directory, 'state.json');
const spareFile = (settings: DeadmanSettings): string => join(runtimeDirectory(settings), 'state.json');

/** The newest copy. Undefined: there is none. One that is damaged is put aside and counts as none. */
export function readMemory(settings: DeadmanSettings): Memory | undefined {
  const copies = [mainFile(settings), spareFile(settings)].flatMap((file) => readCopy(file) ?? []);
  return copies.sort((a, b) => b.sequence - a.sequence)[0];
}

function readCopy(file: string): Memory | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    // What cannot be read cannot be written either, and then nothing is done.
    return undefined;
  }
  const value = parseJson(text);
  if (isObject(value) && value['schema'] === schema) return value as unknown as Memory;
  try {
    renameSync(file, `${file}.damaged`);
  } catch {
    // The next write replaces it.
  }
  return undefined;
}

/**
 * Durable when it returns. Where the disk is full, a copy in memory (`runtime_dir`) takes its place until it is not: a watchdog that
 * forgets what it did would restart for ever. Throws when neither can be written, and then nothing may be done.
 */
export function writeMemory(settings: DeadmanSettings, memory: Memory): Memory {
  const next: Memory = { ...memory, sequence: memory.sequence + 1 };
  const text = `${JSON.stringify(next)}\n`;
  try {
    mkdirSync(settings.state_dir, { recursive: true, mode: 0o700 });
    writeAtomically(mainFile(settings), text, 0o600);
    rmSync(spareFile(settings), { force: true });
  } catch (error) {
    try {
      writeAtomically(spareFile(settings), text, 0o600);
    } catch {
      throw new Error(`${mainFile(settings)} cannot be written, so that nothing is done: ${(error as Error).message}`, {
        cause: error,
      });
    }
  }
  return next;
}
