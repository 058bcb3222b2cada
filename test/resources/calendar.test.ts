import { expect, it } from 'vitest';
import { isCalendar } from '../../src/resources/units/calendar.ts';

/** As `systemd-analyze calendar` judges them. */
const taken = [
  'daily',
  'Anually',
  'weekly UTC',
  'daily Europe/Berlin',
  'Mon',
  'mon..fri',
  'Mon-Fri 02:00',
  'Mon, 02:00',
  'Sat,Thu,Mon..Wed,Sat..Sun',
  'Mon,Wed *-*-1..7 04:00:30.5 Europe/Berlin',
  '*:0/15',
  '00/2:00',
  '*-*-* *:*:00',
  '*-*-1,15',
  '10-*',
  '12-24 UTC',
  '*-02~1',
  'Mon *-*~07/1',
];
const refused = [
  `${'1,'.repeat(60)}${'1.1'.repeat(20)}-`,
  '',
  'dayly',
  '0 3 * * *',
  'Tues 1:00',
  '5',
  '1,15',
  '  daily',
  '@daily',
  'every day',
];

it.each(taken)('%j is a calendar expression', (text) => expect(isCalendar(text)).toBe(true));
it.each(refused)('%j is none', (text) => expect(isCalendar(text)).toBe(false));
