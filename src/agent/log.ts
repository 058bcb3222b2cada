import { pino } from 'pino';
import type { AgentEvent } from '../model/agent.ts';
import type { Json } from '../model/json.ts';
import { formatProblem } from '../model/problem.ts';
import { isPostponed, type Report } from '../model/report.ts';
import { paintFor, type Paint } from '../report/paint.ts';
import { printableJson, printableLine } from '../report/printable.ts';

type Level = 'info' | 'warn' | 'error';

/** What goes along with a line: small values under names that say what they are. */
type Fields = Readonly<Record<string, Json | undefined>>;

interface Log {
  info(about: Fields, message: string): void;
  warn(about: Fields, message: string): void;
  error(about: Fields, message: string): void;
  /** A line for what is worth one. */
  event(event: AgentEvent): void;
}

/** Lines for people on a terminal, else JSON, one object per line with `time`, `level` and `message`. */
export function openLog(stream: NodeJS.WriteStream | NodeJS.WritableStream): Log {
  const isTerminal = 'isTTY' in stream && stream.isTTY;
  const paint = isTerminal ? paintFor(stream) : undefined;
  const write = (line: string): void => void stream.write(paint ? humanLine(line, paint) : printableJson(line));
  const logger = pino(
    {
      base: null,
      messageKey: 'message',
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
    },
    { write },
  );
  return {
    info: (about, message) => logger.info(about, message),
    warn: (about, message) => logger.warn(about, message),
    error: (about, message) => logger.error(about, message),
    event(event) {
      const line = lineOf(event);
      if (line) logger[line.as](line.about, line.message);
    },
  };
}

interface Line {
  readonly as: Level;
  readonly about: Fields;
  readonly message: string;
}

function lineOf(event: AgentEvent): Line | undefined {
  switch (event.type) {
    case 'recovered':
      return {
        as: 'warn',
        message: 'restored what an interrupted run left behind',
        about: { run: event.run, addresses: event.addresses, aside: event.aside, faults: event.faults },
      };
    case 'applying':
      return { as: 'info', message: `applying ${event.address}`, about: { run: event.run } };
    case 'refreshing':
      return { as: 'info', message: `refreshing ${event.address}`, about: { run: event.run } };
    case 'rolling-back':
      return { as: 'warn', message: 'rolling back', about: { run: event.run, reason: event.reason } };
    case 'finished':
      return finishedLine(event.report);
    case 'run-started':
    case 'planned':
    case 'verifying':
    case 'status':
      return undefined;
  }
}

/** Of what may be many in one line; `reconcile show RUN` has all. */
const mostListed = 5;
const calm: readonly string[] = ['converged', 'upstreamPending', 'driftOnly', 'conflict', 'busy'];

function finishedLine(report: Report): Line | undefined {
  const { run, outcome, summary, revision, duration, writes, steps, problems } = report;
  if (outcome === 'converged' && writes === 0) return undefined;
  const repaired = steps.filter((step) => step.cause === 'drift' && step.outcome === 'changed').map(({ address }) => address);
  return {
    as: calm.includes(outcome) || isPostponed(report) ? 'info' : 'error',
    message: summary,
    about: {
      run,
      outcome,
      commit: revision.commit,
      milliseconds: Math.round(duration),
      writes,
      ...(repaired.length > 0 && { repaired: repaired.slice(0, mostListed) }),
      ...(problems.length > 0 && { problems: problems.slice(0, mostListed).map(formatProblem) }),
    },
  };
}

const colours = { info: 'cyan', warn: 'yellow', error: 'red' } as const;

/** `03:12:00  warn   rolling back  reason=disk full`. */
function humanLine(line: string, paint: Paint): string {
  const { time, level, message, ...fields } = JSON.parse(line) as Readonly<Record<string, Json>>;
  const as = String(level) as Level;
  const rest = Object.entries(fields).map(
    ([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  );
  const head = `${String(time).slice(11, 19)}  ${paint(colours[as], as.padEnd(5))}  ${printableLine(String(message))}`;
  return `${[head, ...rest.map((text) => paint('dim', printableLine(text)))].join('  ')}\n`;
}
