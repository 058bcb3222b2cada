import { answerDeadman } from '../deadman-command.ts';
import type { Invocation } from '../invocation.ts';

/** Shows what the watchdog knows. */
export const run = (invocation: Invocation): Promise<number> => answerDeadman('status', invocation);
