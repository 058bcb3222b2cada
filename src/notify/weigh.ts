import { milliseconds } from '../model/duration.ts';
import type { Channel } from '../model/host-policy-document.ts';
import { boundedTexts, type Condition, type Happening, type Notice } from './notice.ts';

/** What one channel was told, over restarts. */
export interface Told {
  /** Conditions whose beginning was told and whose end was not, by subject. */
  readonly open: Readonly<Record<string, Pick<Condition, 'sameness' | 'ended' | 'topic'>>>;
  /** When something was last told, by subject and sameness; kept for the length of the cooldown. */
  readonly last: Readonly<Record<string, number>>;
}

export const nothingTold: Told = { open: {}, last: {} };

/**
 * What a channel has to be told now. A condition is told once, when it begins or becomes another one, and not again within the
 * cooldown; its end is told where its beginning was, so that a flapping subject costs at most two messages per cooldown.
 */
export function weigh(
  { open, happened }: { readonly open: readonly Condition[]; readonly happened: readonly Happening[] },
  told: Told,
  { on, cooldown }: Pick<Channel, 'on' | 'cooldown'>,
  now: number,
): { readonly notices: readonly Omit<Notice, 'id'>[]; readonly told: Told } {
  const notices: Omit<Notice, 'id'>[] = [];
  const last = Object.fromEntries(Object.entries(told.last).filter(([, at]) => now - at < milliseconds(cooldown) && at <= now));
  const isDue = (happening: Happening): boolean => {
    const key = `${happening.subject}\n${happening.sameness}`;
    if (!on.includes(happening.topic) || last[key] !== undefined) return false;
    last[key] = now;
    return true;
  };
  const stillOpen = Object.fromEntries(
    Object.entries(told.open).filter(([subject]) => open.some((each) => each.subject === subject)),
  );
  for (const [subject, { ended, topic }] of Object.entries(told.open)) {
    if (stillOpen[subject] || ended === '' || !on.includes('recovery')) continue;
    notices.push({ at: now, topic, state: 'ended', subject, ...boundedTexts({ title: ended, why: '', todo: '' }) });
  }
  for (const condition of open) {
    const { subject, topic, sameness, ended } = condition;
    if (stillOpen[subject]?.sameness === sameness || !isDue(condition)) continue;
    stillOpen[subject] = { sameness, ended, topic };
    notices.push({ at: condition.since, topic, state: 'began', subject, ...boundedTexts(condition) });
  }
  for (const happening of happened.filter(isDue)) {
    const { subject, topic, since } = happening;
    notices.push({ at: since, topic, state: 'happened', subject, ...boundedTexts(happening) });
  }
  return { notices, told: { open: stillOpen, last } };
}
