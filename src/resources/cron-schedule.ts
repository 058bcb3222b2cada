import { didYouMean, nearest } from '../model/nearest.ts';

const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const weekdays = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
const nicknames = ['@reboot', '@yearly', '@annually', '@monthly', '@weekly', '@daily', '@midnight', '@hourly'];
/** A leap year. */
const monthLengths = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
const longest = 500;

interface Field {
  readonly name: string;
  readonly min: number;
  readonly max: number;
  readonly names: readonly string[];
}

const fields: readonly Field[] = [
  { name: 'minute', min: 0, max: 59, names: [] },
  { name: 'hour', min: 0, max: 23, names: [] },
  { name: 'day of month', min: 1, max: 31, names: [] },
  { name: 'month', min: 1, max: 12, names: months },
  { name: 'day of week', min: 0, max: 7, names: weekdays },
];

/** The schedule with single spaces, which is how it is written and compared. */
export const normaliseSchedule = (schedule: string): string =>
  schedule
    .trim()
    .split(/[ \t]+/)
    .join(' ');

/**
 * Why cron would refuse the schedule, or read something else than what it seems to say; undefined when it is good.
 * The dialect is that of Vixie cron, which every Linux cron reads: five fields or a nickname, no seconds, no L, W, # or ?.
 */
export function scheduleProblem(schedule: string): string | undefined {
  if (schedule.length > longest) return `a schedule of more than ${longest} characters`;
  if (/[^\x20-\x7e\t]/.test(schedule.trim())) return 'a schedule is one line of plain ASCII';
  const words = normaliseSchedule(schedule).split(' ');
  const [first = ''] = words;
  if (first.startsWith('@')) return nicknameProblem(first, words.length);
  if (words.length !== fields.length) return countProblem(words.length);
  const sets: ReadonlySet<number>[] = [];
  for (const [index, field] of fields.entries()) {
    const values = valuesOf(words[index] ?? '', field);
    if (typeof values === 'string') return `${field.name}: ${values}`;
    sets.push(values);
  }
  return neverComes(words, sets);
}

function nicknameProblem(word: string, count: number): string | undefined {
  if (nicknames.includes(word)) return count === 1 ? undefined : `nothing may follow ${word}`;
  if (word === '@every') return '"@every" is not known to cron; write the fields, e.g. "*/5 * * * *"';
  return `"${word}" is not known to cron; ${didYouMean(word, nicknames) ?? `it knows ${nicknames.join(', ')}`}`;
}

function countProblem(count: number): string {
  const expected = 'expected 5: minute, hour, day of month, month, day of week';
  return count > fields.length
    ? `${count} fields (cron has none for seconds or years); ${expected}`
    : `${count} fields; ${expected}`;
}

/** The values that a field selects, or what is wrong with it. */
function valuesOf(text: string, field: Field): ReadonlySet<number> | string {
  const values = new Set<number>();
  for (const part of text.split(',')) {
    if (part === '') return `"${text}" has an empty list element`;
    const foreign = /[L?#W]/.exec(part.replace(/[a-z]{3}/gi, ''));
    if (foreign) return `"${foreign[0]}" in "${part}" is not known to cron`;
    const [range = '', step, ...more] = part.split('/');
    if (more.length > 0) return `"${part}" has two steps`;
    const bounds = boundsOf(range, field);
    if (typeof bounds === 'string') return bounds;
    const size = step === undefined ? 1 : stepOf(step, range, field);
    if (typeof size === 'string') return size;
    for (let value = bounds[0]; value <= bounds[1]; value += size) values.add(value);
  }
  return values;
}

function boundsOf(range: string, field: Field): readonly [number, number] | string {
  if (range === '*') return [field.min, field.max];
  const [from = '', to = from, ...more] = range.split('-');
  if (more.length > 0) return `"${range}" is not a range`;
  const low = valueOf(from, field);
  const high = valueOf(to, field);
  if (typeof low === 'string') return low;
  if (typeof high === 'string') return high;
  return low > high ? `the range ${range} runs backwards; cron would never start the job` : [low, high];
}

function valueOf(word: string, { min, max, names }: Field): number | string {
  if (/^\d{1,3}$/.test(word)) {
    const value = Number(word);
    return value >= min && value <= max ? value : `${word} is outside ${min}-${max}`;
  }
  const index = names.indexOf(word.toLowerCase());
  if (index >= 0) return index + min;
  const meant = nearest(word, names) ?? names.find((name) => word.length > 3 && word.toLowerCase().startsWith(name));
  const expected = names.length > 0 ? `${min}-${max} or ${names[0]}-${names.at(-1)}` : `a number ${min}-${max}, a range, or *`;
  return `"${word}" is not ${expected}${meant ? `; did you mean "${meant}"?` : ''}`;
}

function stepOf(step: string, range: string, { min, max }: Field): number | string {
  if (!/^\d{1,3}$/.test(step) || Number(step) === 0) return `"/${step}" is not a step; expected a number from 1`;
  if (range !== '*' && !range.includes('-')) return `a step needs a range or *: "${range}-${max}/${step}" or "*/${step}"`;
  if (Number(step) > max - min + 1) return `a step of ${step} is longer than the whole field (${min}-${max})`;
  return Number(step);
}

/** "0 0 31 2 *": accepted by cron, and never started. A day of the week makes it start after all. */
function neverComes(words: readonly string[], sets: readonly ReadonlySet<number>[]): string | undefined {
  const [, , days, chosen] = sets;
  if (!days || !chosen || !words[4]?.startsWith('*')) return undefined;
  const earliest = Math.min(...days);
  return [...chosen].every((month) => earliest > (monthLengths[month - 1] ?? 31))
    ? `there is no day ${earliest} in month ${words[3]}; cron would never start the job`
    : undefined;
}
