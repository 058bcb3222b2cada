import { answerDeadman } from '../deadman-command.ts';
import type { Invocation } from '../invocation.ts';

/** One check, as cron calls it. */
export const run = (invocation: Invocation): Promise<number> => answerDeadman('check', invocation);
