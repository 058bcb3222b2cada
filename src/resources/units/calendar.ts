const shorthands = 'minutely|hourly|daily|weekly|monthly|quarterly|bi-?annually|semi-?annually|annually|anually|yearly';
const day = '(?:mon(?:day)?|tue(?:sday)?|wed(?:nesday)?|thu(?:rsday)?|fri(?:day)?|sat(?:urday)?|sun(?:day)?)';
const span = `${day}(?:(?:\\.\\.|-)${day})?`;
const days = `${span}(?:,${span})*,?`;
const number = '\\d+(?:\\.\\d+)?';
const part = `(?:\\*|${number}(?:\\.\\.${number})?)(?:/${number})?`;
const parts = `${part}(?:,${part})*`;
const date = `(?:${parts}-)?${parts}[-~]${parts}`;
const time = `${parts}:${parts}(?::${parts})?`;
const form = new RegExp(
  `^(?:${shorthands}|(?:${days} +)?${date}(?:[ T]+${time})?|(?:${days} +)?${time}|${days})(?: +[A-Za-z][\\w/+-]*)?$`,
  'i',
);

/**
 * Whether a text has the form of what `OnCalendar=` takes (systemd.time(7)). Numbers that no clock shows and names of time zones are left to
 * the host.
 */
export const isCalendar = (text: string): boolean => form.test(text);
