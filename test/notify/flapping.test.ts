import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { News } from '../../src/model/reporter.ts';
import { situationAfter } from '../../src/notify/conditions.ts';
import type { Condition, Notice } from '../../src/notify/notice.ts';
import { nothingTold, weigh, type Told } from '../../src/notify/weigh.ts';
import { channels, ended, failedRun, goodRun, statusNews } from './notify-rig.ts';

const [channel] = channels({
  type: 'command',
  argv: ['/bin/true'],
  on: ['failure', 'recovery', 'fetch', 'contested', 'suspended'],
});
const cooldown = 15 * 60_000;

const letters = fc.constantFrom('a', 'b', 'c');
const suspended = { reason: 'r', by: 'ana', until: '2026-11-21T00:00:00.000Z' };
const anyNews: fc.Arbitrary<News> = fc.oneof(
  letters.map((letter) => ended(failedRun(letter))),
  letters.map((letter) => ended(goodRun(letter))),
  fc
    .record({ ok: fc.boolean(), contested: fc.subarray(['file[/a]', 'file[/b]']), isSuspended: fc.boolean() })
    .map(({ ok, contested, isSuspended }) =>
      statusNews({
        fetch: { at: '2026-11-20T03:00:00.000Z', ok, remote: null, message: 'm' },
        contested,
        suspended: isSuspended ? suspended : null,
      }),
    ),
);

it('whatever happens, ends follow beginnings and nothing is told twice within the cooldown', () => {
  const steps = fc.array(fc.tuple(anyNews, fc.integer({ min: 1, max: 10 * 60_000 })), { maxLength: 60 });
  fc.assert(
    fc.property(steps, (given) => {
      let [open, told, now]: [readonly Condition[], Told, number] = [[], nothingTold, Date.parse('2026-11-20T03:00:00Z')];
      const notices: (Omit<Notice, 'id'> & { readonly toldAt: number })[] = [];
      for (const [news, pause] of given) {
        now += pause;
        const situation = situationAfter(news, open, now);
        // A restart between any two pieces of news: all that is known goes through JSON.
        const weighed = weigh(situation, JSON.parse(JSON.stringify(told)) as Told, channel!, now);
        [open, told] = [situation.open, weighed.told];
        notices.push(...weighed.notices.map((notice) => ({ ...notice, toldAt: now })));
      }
      for (const subject of new Set(notices.map((notice) => notice.subject))) {
        const own = notices.filter((notice) => notice.subject === subject);
        const isEndWithoutBeginning = own.some(({ state }, index) => state === 'ended' && own[index - 1]?.state !== 'began');
        expect(isEndWithoutBeginning).toBe(false);
        for (const [index, { title, toldAt, state }] of own.entries()) {
          const isRepeated = own.slice(0, index).some((each) => each.title === title && toldAt - each.toldAt < cooldown);
          expect(state === 'began' && isRepeated).toBe(false);
        }
      }
    }),
    { numRuns: 300 },
  );
});
