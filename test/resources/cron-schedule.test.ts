import { describe, expect, it } from 'vitest';
import { normaliseSchedule, scheduleProblem } from '../../src/resources/cron-schedule.ts';

describe('scheduleProblem', () => {
  it.each([
    '* * * * *',
    '*/5 * * * *',
    '0-30/10,45 8-18 1,15 * *',
    '05 4 * * 7',
    '0 9 * * MON-fri',
    '0 9 * jan,Jul-sep 0',
    '*/60 * * * *',
    '0 0 29 2 *',
    '0 0 31 2 1',
    '  0\t4  * * *  ',
    '@reboot',
    '@yearly',
    '@annually',
    '@monthly',
    '@weekly',
    '@daily',
    '@midnight',
    '@hourly',
  ])('accepts "%s"', (schedule) => {
    expect(scheduleProblem(schedule)).toBeUndefined();
  });

  it.each([
    ['60 * * * *', 'minute: 60 is outside 0-59'],
    ['0 24 * * *', 'hour: 24 is outside 0-23'],
    ['0 0 0 * *', 'day of month: 0 is outside 1-31'],
    ['0 0 * 13 *', 'month: 13 is outside 1-12'],
    ['0 0 * * 8', 'day of week: 8 is outside 0-7'],
    ['0 0 * * monday', 'day of week: "monday" is not 0-7 or sun-sat; did you mean "mon"?'],
    ['0 0 * jna *', 'did you mean "jan"?'],
    ['mon * * * *', 'minute: "mon" is not a number 0-59, a range, or *'],
    ['0 0 mon * *', 'day of month'],
    ['5/10 * * * *', 'minute: a step needs a range or *: "5-59/10" or "*/10"'],
    ['*/0 * * * *', '"/0" is not a step'],
    ['*/ * * * *', '"/" is not a step'],
    ['*/70 * * * *', 'a step of 70 is longer than the whole field (0-59)'],
    ['*/2/3 * * * *', 'has two steps'],
    ['10-5 * * * *', 'the range 10-5 runs backwards'],
    ['0 0 * * fri-mon', 'the range fri-mon runs backwards'],
    ['1- * * * *', 'minute: "" is not'],
    ['-5 * * * *', 'minute: "" is not'],
    ['1-5-9 * * * *', '"1-5-9" is not a range'],
    ['1,,2 * * * *', 'has an empty list element'],
    ['1.5 * * * *', 'minute: "1.5" is not'],
    ['1~5 * * * *', 'minute: "1~5" is not'],
    ['** * * * *', 'minute: "**" is not'],
    ['*5 * * * *', 'minute: "*5" is not'],
    ['+5 * * * *', 'minute: "+5" is not'],
    ['0x5 * * * *', 'minute: "0x5" is not'],
    ['0 0 L * *', '"L" in "L" is not known to cron'],
    ['0 0 15W * *', '"W" in "15W" is not known to cron'],
    ['0 0 * * 1#2', '"#" in "1#2" is not known to cron'],
    ['0 0 ? * *', '"?" in "?" is not known to cron'],
    ['0 0 * * 5L', '"L" in "5L" is not known to cron'],
    ['* * * *', '4 fields; expected 5'],
    ['', '1 fields; expected 5'],
    ['0 */5 * * * *', '6 fields (cron has none for seconds or years); expected 5'],
    ['@every 5m', '"@every" is not known to cron; write the fields'],
    ['@Daily', 'did you mean "@daily"?'],
    ['@montly', 'did you mean "@monthly"?'],
    ['@xx', 'it knows @reboot'],
    ['@daily 5', 'nothing may follow @daily'],
    ['0 0 31 2 *', 'there is no day 31 in month 2; cron would never start the job'],
    ['0 0 31 apr,jun *', 'there is no day 31 in month apr,jun'],
    ['0 0\n* * *', 'one line of plain ASCII'],
    ['0 0 * * ｍｏｎ', 'one line of plain ASCII'],
    ['1,'.repeat(300), 'more than 500 characters'],
  ])('refuses %j', (schedule, message) => {
    expect(scheduleProblem(schedule)).toContain(message);
  });
});

it('a schedule is written with single spaces', () => {
  expect(normaliseSchedule(' 0\t4   * * * ')).toBe('0 4 * * *');
});
