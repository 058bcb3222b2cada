import { expect, it } from 'vitest';
import { judge } from '../../src/policy/judge.ts';
import { judgeWindows } from '../../src/policy/windows.ts';
import { makeInput, makeStep } from './judge-fixture.ts';

const at = (time: string) => ({ now: Date.parse(time), isApproved: false });
const codes = (input: Parameters<typeof makeInput>[0]): readonly string[] =>
  [...judge(makeInput(input)).problems, ...judgeWindows(makeInput(input)).problems].map(({ code }) => code);
const nights = [{ kind: 'allow', schedule: '0 22 * * *', duration: '2h', time_zone: 'Europe/Berlin' }];
const freeze = [{ kind: 'deny', schedule: '0 0 24 12 *', duration: '3d' }];

it.each([
  ['inside an allow window', nights, '2026-11-20T21:30:00Z', []],
  ['before it opens, in its own time zone', nights, '2026-11-20T20:59:00Z', ['outside-window']],
  ['when it has just closed', nights, '2026-11-20T23:00:00Z', ['outside-window']],
  ['inside a deny window', freeze, '2026-12-25T12:00:00Z', ['outside-window']],
  ['outside a deny window', freeze, '2026-12-27T00:00:00Z', []],
  [
    'where both kinds are open',
    [...nights, { ...freeze[0], schedule: '0 * * * *', duration: '1h' }],
    '2026-11-20T21:30:00Z',
    ['outside-window'],
  ],
] as const)('%s', (_title, windows, now, expected) => {
  expect(codes({ policy: { windows }, unattended: at(now) })).toEqual(expected);
  expect(codes({ hostPolicy: { agent: { windows } }, unattended: at(now) }), 'of the host').toEqual(expected);
});

const night = { kind: 'allow', schedule: '0 22 * * *', duration: '2h' };
const always = { kind: 'deny', schedule: '* * * * *', duration: '5m' };
it.each([
  ['a window that is open keeps nothing waiting', [night], [], '2026-11-20T22:30:00Z', undefined],
  ['the next of one list', [night, { ...night, schedule: '30 6 * * 1' }], [], '2026-11-23T03:00:00Z', '2026-11-23T06:30:00.000Z'],
  ['the next in its own time zone', nights, [], '2026-11-20T20:59:00Z', '2026-11-20T21:00:00.000Z'],
  ['the end of a deny window', freeze, [], '2026-12-25T12:00:00Z', '2026-12-27T00:00:00.000Z'],
  ['the first one after a deny window', [night, ...freeze], [], '2026-12-24T12:00:00Z', '2026-12-27T22:00:00.000Z'],
  [
    'what is left of one when a deny window ends',
    [{ ...night, duration: '4h' }, ...freeze],
    [],
    '2026-12-24T12:00:00Z',
    '2026-12-27T00:00:00.000Z',
  ],
  [
    'when both policies have one open',
    [night],
    [{ ...night, schedule: '0 23 * * 0' }],
    '2026-11-20T12:00:00Z',
    '2026-11-22T23:00:00.000Z',
  ],
  ['what never opens', [always], [], '2026-11-20T12:00:00Z', undefined],
  [
    'two policies that are never open together',
    [night],
    [{ ...night, schedule: '0 6 * * *' }],
    '2026-11-20T12:00:00Z',
    undefined,
  ],
] as const)('it is told when a plan is let through: %s', (_title, windows, ofHost, now, expected) => {
  const input = makeInput({ policy: { windows }, hostPolicy: { agent: { windows: ofHost } }, unattended: at(now) });
  const { opensAt, problems } = judgeWindows(input);

  expect(opensAt === undefined ? undefined : new Date(opensAt).toISOString()).toBe(expected);
  const told = expected === undefined ? 'once a window is open' : `from ${expected.slice(0, 16).replace('T', ' ')}Z on`;
  for (const { hint } of problems) expect(hint).toContain(told);
});

it('a closed window keeps nobody away who runs it by hand, and no run that has nothing to do', () => {
  expect(codes({ policy: { windows: freeze } })).toEqual([]);
  const steps = [makeStep('/srv/a', { action: 'none' })];
  expect(codes({ policy: { windows: freeze }, steps, unattended: at('2026-12-25T12:00:00Z') })).toEqual([]);
});

it.each([
  ['an hour that no day has', { schedule: '0 24 * * *' }],
  ['a time zone that does not exist', { time_zone: 'Mars/Base' }],
  ['no time zone', { time_zone: '' }],
  ['a day that no month has', { schedule: '0 0 31 11 *' }],
])('a window with %s is a problem for everybody', (_title, parts) => {
  const windows = [{ kind: 'deny', schedule: '0 * * * *', duration: '1h', ...parts }];
  expect(codes({ policy: { windows } })).toEqual(['bad-schedule']);
  expect(codes({ hostPolicy: { agent: { windows } } }), 'of the host').toEqual(['bad-schedule']);
});

it.each(['0s', '59s', '367d', '99999999999999d'])('no window is open for %s', (duration) => {
  expect(() => makeInput({ policy: { windows: [{ kind: 'allow', schedule: '0 0 29 2 *', duration }] } })).toThrow(
    'expected at least 1m and at most 366d',
  );
});

it.each([
  ['an address', { addresses: ['file[/srv/**]'] }, ['needs-approval']],
  ['an address of any kind', { addresses: ['*[/srv/a]'] }, ['needs-approval']],
  ['every address of a kind', { addresses: ['file[*]'] }, ['needs-approval']],
  ['every address', { addresses: ['*[*]'] }, ['needs-approval']],
  ['another kind', { addresses: ['link[/srv/**]'] }, []],
  ['too many changes', { max_changes: 1 }, ['needs-approval']],
  ['few enough', { max_changes: 2 }, []],
])('what policy calls risky waits for a person: %s', (_title, approval, expected) => {
  const steps = [makeStep('/srv/a'), makeStep('/srv/b')];
  const now = Date.parse('2026-11-20T12:00:00Z');

  expect(codes({ policy: { approval }, steps, unattended: { now, isApproved: false } })).toEqual(expected);
  expect(codes({ hostPolicy: { agent: { approval } }, steps, unattended: { now, isApproved: false } }), 'of the host').toEqual(
    expected,
  );
  expect(codes({ policy: { approval }, steps, unattended: { now, isApproved: true } })).toEqual([]);
  expect(codes({ policy: { approval }, steps }), 'by hand').toEqual([]);
});

it('the stricter one counts where both policies say how many changes wait for a person', () => {
  const steps = [makeStep('/srv/a'), makeStep('/srv/b')];
  const unattended = at('2026-11-20T12:00:00Z');
  const asks = (own: number, ofHost: number): readonly string[] =>
    codes({
      policy: { approval: { max_changes: own } },
      hostPolicy: { agent: { approval: { max_changes: ofHost } } },
      steps,
      unattended,
    });

  expect([asks(1, 9), asks(9, 1), asks(9, 9)]).toEqual([['needs-approval'], ['needs-approval'], []]);
});

it('a kind that there is not would have nothing wait', () => {
  const approval = { addresses: ['*[/srv/a]', 'flie[/srv/**]'] };
  expect(codes({ policy: { approval } })).toEqual(['unknown-kind']);
  expect(judge(makeInput({ hostPolicy: { agent: { approval } } })).problems).toEqual([
    {
      code: 'unknown-kind',
      message: 'no kind "flie", which agent.approval.addresses of the host policy has',
      hint: 'did you mean "file"?',
    },
  ]);
});

it('a glob of addresses that cannot be compiled refuses', () => {
  const approval = { addresses: ['file[!x]'] };
  expect(codes({ policy: { approval } })).toEqual(['wrong-type']);
  expect(codes({ hostPolicy: { agent: { approval } } }), 'of the host').toEqual(['wrong-type']);
});

it('a path without its first slash would have nothing wait', () => {
  const steps = [makeStep('/srv/a')];
  const told = (address: string) => judge(makeInput({ policy: { approval: { addresses: [address] } }, steps })).problems;

  expect(told('file[srv/*]')).toMatchObject([
    {
      code: 'wrong-type',
      message: expect.stringMatching(/"srv\/\*", which names no absolute path$/),
      hint: 'did you mean "file[/srv/*]"?',
    },
  ]);
  expect(['file[srv/b]', 'authorized_key[root/one]', 'file[**/a]', 'file[*]', 'link[srv/a]', '*[srv/a]'].flatMap(told)).toEqual(
    [],
  );
});
