/** A time in ISO 8601 for people: `2026-11-20 12:00:30Z`. */
export const moment = (time: string): string => `${time.slice(0, 10)} ${time.slice(11, 19)}Z`;
