import type { AgentStatus } from '../model/agent.ts';
import type { Paint } from './paint.ts';
import { printableLine } from './printable.ts';
import { statusLines, upSince, type StatusLine } from './status-lines.ts';

/** The agent in a few lines: what it does, where the host stands, and whatever somebody should look at. */
export function renderStatus(status: AgentStatus, paint: Paint): string {
  const { host, phase } = status;
  const does = phase === 'absent' ? 'has no agent that runs' : `is ${phase}`;
  const head = `${paint('bold', printableLine(host))} ${does}; ${upSince(status)}`;
  const line = ([name, text]: StatusLine, isTrouble: boolean): string =>
    `  ${isTrouble ? paint('yellow', name.padEnd(10)) : name.padEnd(10)} ${printableLine(text)}`;
  const { standing, troubles } = statusLines(status);
  const lines = [...standing.map((each) => line(each, false)), ...troubles.map((each) => line(each, true))];
  return `${[head, ...lines].join('\n')}\n`;
}
