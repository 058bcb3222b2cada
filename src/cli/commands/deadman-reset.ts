import { answerDeadman } from '../deadman-command.ts';
import type { Invocation } from '../invocation.ts';

/** Lets the watchdog begin anew. */
export const run = (invocation: Invocation): Promise<number> => answerDeadman('reset', invocation);
