import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type * as z from 'zod';
import { parseJson, sha256 } from '../../model/json.ts';
import {
  rolloutChange,
  rolloutState,
  rolloutWish,
  type RolloutChange,
  type RolloutState,
  type RolloutWish,
} from '../../model/rollout.ts';
import { appendDurably, keepDurably } from '../../state/durable-file.ts';
import { takeLock } from '../../state/lock.ts';
import { changing } from './changing.ts';

/** What the operator's machine remembers of the rollout of one repository, and what is wished of it from other terminals. */
export interface RolloutStore {
  /** Undefined: there was none, or it is of a version that wrote something else. */
  read(): RolloutState | undefined;
  /** Durable when it returns. */
  write(state: RolloutState): void;
  /** Adds a change to what was written, whatever the size of the fleet; durable when it returns. `whole`: the state with it. */
  add(change: RolloutChange, whole: () => RolloutState): void;
  wish(): RolloutWish | undefined;
  setWish(wish: RolloutWish | undefined): void;
  /** Undefined while another process is at work on this rollout. */
  lock(): { release(): void } | undefined;
}

/** `memory` is the directory of this user's fleet commands, `repository` that of the configuration. Makes and reads nothing yet. */
export function openRolloutStore(memory: string, repository: string): RolloutStore {
  const directory = join(memory, `rollout-${sha256(repository).slice(0, 16)}`);
  const stateFile = join(directory, 'state.json');
  const wishFile = join(directory, 'wish.json');
  /** Whether the file is what was written here, to its last line. */
  let isEven = false;
  const write = (state: RolloutState): void => {
    isEven = false;
    keepDurably(stateFile, `${JSON.stringify(state)}\n`);
    isEven = true;
  };
  const tryToAdd = (change: RolloutChange): boolean => {
    try {
      appendDurably(stateFile, `${JSON.stringify(change)}\n`);
      return true;
    } catch {
      return false;
    }
  };
  return {
    read: () => readState(stateFile),
    write,
    add(change, whole) {
      // Behind a line that is there in part nothing may be added.
      if (!isEven || !tryToAdd(change)) write(whole());
    },
    wish: () => parse(readText(wishFile), rolloutWish),
    setWish(wish) {
      if (wish) keepDurably(wishFile, JSON.stringify(wish));
      else rmSync(wishFile, { force: true });
    },
    lock: () => takeLock(directory),
  };
}

/**
 * A line for the state, and one for each change since. What follows a line that is none was never durable, or is not of this version. The
 * version that knew no changes wrote the state without an end of its line.
 */
function readState(file: string): RolloutState | undefined {
  const [first, ...lines] = readText(file)?.split('\n') ?? [];
  const state = parse(first, rolloutState);
  if (!state) return undefined;
  const { apply, whole } = changing(state);
  for (const line of lines.slice(0, -1)) {
    const change = parse(line, rolloutChange);
    if (!change) break;
    apply(change);
  }
  return whole();
}

function readText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function parse<T>(text: string | undefined, schema: z.ZodType<T>): T | undefined {
  return text === undefined ? undefined : schema.safeParse(parseJson(text)).data;
}
