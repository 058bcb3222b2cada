import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type * as z from 'zod';
import { sha256 } from '../../model/json.ts';
import { rolloutState, rolloutWish, type RolloutState, type RolloutWish } from '../../model/rollout.ts';
import { writeDurably } from '../../state/durable-file.ts';
import { takeLock } from '../../state/lock.ts';

/** What the operator's machine remembers of the rollout of one repository, and what is wished of it from other terminals. */
export interface RolloutStore {
  /** Undefined: there was none, or it is of a version that wrote something else. */
  read(): RolloutState | undefined;
  /** Durable when it returns. */
  write(state: RolloutState): void;
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
  return {
    read: () => readJson(stateFile, rolloutState),
    write: (state) => writeDurably(stateFile, JSON.stringify(state)),
    wish: () => readJson(wishFile, rolloutWish),
    setWish(wish) {
      if (wish) writeDurably(wishFile, JSON.stringify(wish));
      else rmSync(wishFile, { force: true });
    },
    lock: () => takeLock(directory),
  };
}

function readJson<T>(file: string, schema: z.ZodType<T>): T | undefined {
  try {
    return schema.safeParse(JSON.parse(readFileSync(file, 'utf8'))).data;
  } catch (error) {
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
