import { answerDeadman } from '../deadman-command.ts';
import type { Invocation } from '../invocation.ts';

/** Stamps the heartbeat. */
export const run = (invocation: Invocation): Promise<number> => answerDeadman('beat', invocation);
