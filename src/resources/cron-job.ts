import { normaliseSchedule, scheduleProblem } from './cron-schedule.ts';

/** Bytes. Vixie cron refuses a longer command; older ones cut it off. */
const longestCommand = 998;
const longestVariable = 990;
/** Variables that cron itself acts on, so that they only mean something as lines of a file. */
const readByCron = /^(MAILTO|MAILFROM|SHELL|CONTENT_TYPE|CONTENT_TRANSFER_ENCODING)$/;

/** Variables of other crons than Debian's, which would start the job at another time without a word. */
const readElsewhere = /^(CRON_TZ|RANDOM_DELAY)$/;

interface JobAttributes {
  readonly schedule?: string | undefined;
  readonly command?: string | undefined;
  readonly env: Readonly<Record<string, string | number | boolean>>;
}

interface Job {
  readonly schedule: string;
  /** As cron wants it, with the variables in front of it in a user's crontab. */
  readonly command: string;
  /** Lines for a cron.d file; empty for a user's crontab, where such lines would reach the foreign lines below. */
  readonly env: string;
}

/** The parts of a cron job, or undefined when something was reported. */
export function composeJob(
  { schedule, command, env }: JobAttributes,
  where: 'crontab' | 'cron.d',
  report: (attribute: string, message: string, hint?: string, code?: 'bad-schedule') => void,
): Job | undefined {
  let isGood = true;
  const fault: typeof report = (...words) => {
    isGood = false;
    report(...words);
  };
  if (schedule === undefined) fault('schedule', 'is required unless "ensure: absent"');
  const scheduleFault = schedule === undefined ? undefined : scheduleProblem(schedule);
  if (scheduleFault !== undefined) fault('schedule', scheduleFault, undefined, 'bad-schedule');

  const variables = Object.entries(env).map(([name, value]) => [name, String(value)] as const);
  for (const [name, value] of variables)
    checkVariable(name, value, where, (message, hint) => fault(`env.${name}`, message, hint));

  const text = (command ?? '').trim();
  if (text === '') fault('command', command === undefined ? 'is required unless "ensure: absent"' : 'is empty');
  if (/[\0\r\n]/.test(text))
    fault('command', 'must be one line without NUL and carriage return', 'fold it with ">-", or put it into a script');
  const exported = where === 'crontab' ? exportOf(variables) : '';
  const line = escapePercent(exported + text);
  if (line.includes('\\\\'))
    fault('command', 'holds two backslashes in a row, which crons read differently', 'put the command into a script');
  if (Buffer.byteLength(line) > longestCommand)
    fault('command', `is longer than the ${longestCommand} bytes that cron takes`, 'put it into a script');

  if (!isGood || schedule === undefined) return undefined;
  const lines = where === 'cron.d' ? variables.map(([name, value]) => `${name}=${quote(value)}\n`).join('') : '';
  return { schedule: normaliseSchedule(schedule), command: line, env: lines };
}

function checkVariable(
  name: string,
  value: string,
  where: 'crontab' | 'cron.d',
  fault: (message: string, hint?: string) => void,
): void {
  if (/[\0\r\n]/.test(value)) fault('must be one line without NUL and carriage return');
  if (readElsewhere.test(name))
    fault(
      "is not read by Debian's cron, which would start the job at another time",
      'a "kind: timer" knows time zones and random_delay',
    );
  if (where === 'crontab') {
    if (readByCron.test(name)) fault(`is read by cron itself, from a file of its own only`, 'write "in: cron.d"');
    return;
  }
  if (value.includes('"') && value.includes("'")) fault('holds both kinds of quotes, for which cron has no form');
  if (Buffer.byteLength(value) > longestVariable) fault(`is longer than ${longestVariable} bytes`);
}

/** Cron ends the command at a bare `%`. One that is escaped already stays as it is. */
const escapePercent = (command: string): string => command.replace(/(?<!\\)%/g, '\\%');

function exportOf(variables: readonly (readonly [string, string])[]): string {
  if (variables.length === 0) return '';
  const words = variables.map(([name, value]) => `${name}='${value.replaceAll("'", String.raw`'\''`)}'`);
  return `export ${words.join(' ')}; `;
}

const quote = (value: string): string => (value.includes('"') ? `'${value}'` : `"${value}"`);
