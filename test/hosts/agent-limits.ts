import { makeUnit } from '../../src/install/unit.ts';

const ofItsStart = /^(?:Type|Notify|Exec|Restart|Watchdog|StartLimit|Description|Wants|After|WantedBy)/;

/** The limits of the agent's own unit, as `systemd-run` takes them. */
export const agentLimits: readonly string[] = makeUnit({ scope: 'system', node: '/n', library: '/l' })
  .split('\n')
  .filter((line) => /^\w+=/.test(line) && !ofItsStart.test(line))
  .map((line) => `--property=${line}`);
