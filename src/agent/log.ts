import { pino } from 'pino';
import type { AgentEvent } from '../model/agent.ts';
import type { Json } from '../model/json.ts';
import { formatProblem } from '../model/problem.ts';
import { isPostponed, type Report } from '../model/report.ts';
import { paintFor, type Paint } from '../report/paint.ts';
import { printableJson, printableLine } from '../report/printable.ts';
import type { Scrub } from '../report/scrub.ts';

type Level = 'debug' | 'info' | 'warn' | 'error';

/** What goes along with a line: small values under names that say what they are. */
type Fields = Readonly<Record<string, Json | undefined>>;

interface Log {
  debug(about: Fields, message: string): void;
  info(about: Fields, message: string): void;
  warn(about: Fields, message: string): void;
  error(about: Fields, message: string): void;
  /** A line for what is worth one; the rest only at `debug`. */
  event(event: AgentEvent): void;
}

/**
 * Lines for people on a terminal, else JSON, one object per line with `time`, `level` and `message`. Every text goes through
 * `scrub` first. `level`: the least that is written.
 */
export function openLog(options: {
  readonly scrub: Scrub;
  readonly stream: NodeJS.WriteStream | NodeJS.WritableStream;
  readonly level?: Level;
}): Log {
  const { scrub, stream, level = 'info' } = options;
  const isTerminal = 'isTTY' in stream && stream.isTTY;
  const paint = isTerminal ? paintFor(stream) : undefined;
  const write = (line: string): void => void stream.write(paint ? humanLine(line, paint) : printableJson(line));
  const logger = pino(
    {
      level,
      base: null,
      messageKey: 'message',
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
    },
    { write },
  );
  const log = (as: Level, about: Fields, message: string): void => {
    // Scrubbing knows members that tell something by name, so every value is looked at as a text of its own.
    const clean = Object.entries(about).map(([name, value]) => [name, scrub({ text: value }).text]);
    logger[as](Object.fromEntries(clean), scrub({ text: message }).text);
  };
  return {
    debug: (about, message) => log('debug', about, message),
    info: (about, message) => log('info', about, message),
    warn: (about, message) => log('warn', about, message),
    error: (about, message) => log('error', about, message),
    event(event) {
      const { as, about, message } = lineOf(event);
      log(as, about, message);
    },
  };
}

interface Line {
  readonly as: Level;
  readonly about: Fields;
  readonly message: string;
}

function lineOf(event: AgentEvent): Line {
  switch (event.type) {
    case 'run-started':
      return { as: 'debug', message: 'run started', about: { run: event.run, revision: event.revision } };
    case 'recovered':
      return {
        as: 'warn',
        message: 'restored what an interrupted run left behind',
        about: { run: event.run, addresses: event.addresses },
      };
    case 'planned':
      return { as: 'debug', message: 'planned', about: { run: event.run, steps: event.steps.length } };
    case 'applying':
      return { as: 'info', message: `applying ${event.address}`, about: { run: event.run } };
    case 'refreshing':
      return { as: 'info', message: `refreshing ${event.address}`, about: { run: event.run } };
    case 'verifying':
      return { as: 'debug', message: 'verifying', about: { run: event.run } };
    case 'rolling-back':
      return { as: 'warn', message: 'rolling back', about: { run: event.run, reason: event.reason } };
    case 'finished':
      return finishedLine(event.report);
    case 'status':
      return { as: 'debug', message: `status ${event.status.phase}`, about: {} };
  }
}

/** Of what may be many in one line; `reconcile show RUN` has all. */
const mostListed = 5;
const calm: readonly string[] = ['converged', 'upstreamPending', 'driftOnly', 'conflict', 'busy'];

function finishedLine(report: Report): Line {
  const { run, outcome, summary, revision, duration, writes, steps, problems } = report;
  const isQuiet = outcome === 'converged' && writes === 0;
  const repaired = steps.filter((step) => step.cause === 'drift' && step.outcome === 'changed').map(({ address }) => address);
  return {
    as: calm.includes(outcome) || isPostponed(report) ? (isQuiet ? 'debug' : 'info') : 'error',
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

const colours = { debug: 'dim', info: 'cyan', warn: 'yellow', error: 'red' } as const;

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
