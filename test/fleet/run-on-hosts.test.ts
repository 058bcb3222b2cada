import { once } from 'node:events';
import { describe, expect, it, vi } from 'vitest';
import { ConnectionError, type Connect, type Connection } from '../../src/fleet/connection.ts';
import { ExitError } from '../../src/model/exit-error.ts';
import { runOnHosts } from '../../src/fleet/run-on-hosts.ts';
import type { Finding, FleetEvent } from '../../src/model/fleet.ts';
import { localConnection, makeTarget } from '../support/local-connection.ts';

const fine: Finding = { verdict: 'converged', message: 'as it should be' };
const names = (count: number): string[] => Array.from({ length: count }, (_, index) => `h${index}`);
const connect: Connect = async ({ name }) => localConnection(name);

function course(overrides: Partial<Parameters<typeof runOnHosts>[2]> = {}) {
  const events: FleetEvent[] = [];
  const signal = new AbortController().signal;
  const emit = (event: FleetEvent): void => void events.push(event);
  const end = (): void => undefined;
  return { connect, forks: 10, timeout: 60_000, patience: 0, isRepeatable: true, emit, end, signal, events, ...overrides };
}

describe('a task on many hosts', () => {
  it('gives one outcome each, in the order of the targets, whichever ends first', async () => {
    const targets = names(20).map(makeTarget);
    const work = runOnHosts(targets, async ({ target: { name } }) => ({ ...fine, message: name }), course());
    expect((await work).map(({ host, message, attempts }) => [host, message, attempts])).toEqual(
      names(20).map((each) => [each, each, 1]),
    );
  });

  it('never works on more hosts at once than --forks says, and on as many as that', async () => {
    let active = 0;
    let most = 0;
    const outcomes = await runOnHosts(
      names(40).map(makeTarget),
      async (connection) => {
        most = Math.max(most, ++active);
        await connection.run(['true']);
        active--;
        return fine;
      },
      course({ forks: 7 }),
    );
    expect(outcomes).toHaveLength(40);
    expect(most).toBe(7);
  });

  it('goes on with the others when one host cannot be reached, is not trusted, or loses its connection', async () => {
    const refuse: Connect = async (target, signal) => {
      if (target.name === 'h1') throw new ConnectionError('unreachable', 'no route', { isPassing: true });
      if (target.name === 'h2') throw new ConnectionError('untrusted', 'the key has changed', { hint: 'look' });
      return connect(target, signal);
    };
    const outcomes = await runOnHosts(
      names(4).map(makeTarget),
      async ({ target }) => {
        if (target.name === 'h3') throw new ConnectionError('garbled', 'noise');
        return fine;
      },
      course({ connect: refuse }),
    );
    expect(outcomes.map(({ verdict, message, hint }) => [verdict, message, hint])).toEqual([
      ['converged', 'as it should be', undefined],
      ['unreachable', 'no route', undefined],
      ['untrusted', 'the key has changed', 'look'],
      ['garbled', 'noise', undefined],
    ]);
  });

  it('goes on with the others when something goes wrong here for one host', async () => {
    const outcomes = await runOnHosts(
      names(3).map(makeTarget),
      async ({ target }) => {
        if (target.name === 'h0') throw new ExitError('usage', 'git failed', 'look at it');
        if (target.name === 'h1') throw new TypeError('a bug\n\x1b[2J');
        return fine;
      },
      course(),
    );
    expect(outcomes.map(({ verdict, message, hint }) => [verdict, message, hint])).toEqual([
      ['error', 'git failed', 'look at it'],
      ['error', String.raw`a bug\n\e[2J`, undefined],
      ['converged', 'as it should be', undefined],
    ]);
  });

  it('ends with what is wrong on this machine, and holds it against no host', async () => {
    const ending = new AbortController();
    const faults: string[] = [];
    const settings = course({
      forks: 1,
      signal: ending.signal,
      end: (fault) => (faults.push(fault.message), ending.abort(fault)),
    });
    const full = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
    const outcomes = await runOnHosts(
      names(3).map(makeTarget),
      async ({ target }) => {
        if (target.name === 'h1') throw full;
        return fine;
      },
      settings,
    );

    const fault = 'the fault is on this machine: no space is left on the disk';
    expect(faults).toEqual([fault]);
    expect(outcomes.map(({ verdict, message }) => [verdict, message])).toEqual([
      ['converged', 'as it should be'],
      ['halted', `${fault} while the host was at work`],
      ['halted', `not begun: ${fault}`],
    ]);
  });

  it('tries a host again for which too many files are open', async () => {
    let count = 0;
    const scarce: Connect = async (target, signal) => {
      if (count++ === 0) throw Object.assign(new Error('connect EMFILE'), { code: 'EMFILE' });
      return connect(target, signal);
    };
    const outcomes = await runOnHosts([makeTarget('a')], async () => fine, course({ connect: scarce, patience: 20_000 }));
    expect(outcomes).toMatchObject([{ verdict: 'converged', attempts: 2 }]);
  });

  it('tries a host that is down again while patience lasts, and one that refuses never', async () => {
    const tried: Record<string, number> = {};
    const flaky: Connect = async (target, signal) => {
      const count = (tried[target.name] = (tried[target.name] ?? 0) + 1);
      if (target.name === 'h1') throw new ConnectionError('denied', 'no');
      if (count < 2) throw new ConnectionError('unreachable', 'down', { isPassing: true });
      return connect(target, signal);
    };
    const settings = course({ connect: flaky, patience: 20_000 });
    const outcomes = await runOnHosts(names(2).map(makeTarget), async () => fine, settings);
    expect(outcomes.map(({ verdict, attempts }) => [verdict, attempts])).toEqual([
      ['converged', 2],
      ['denied', 1],
    ]);
    expect(settings.events.filter(({ type }) => type === 'waiting')).toMatchObject([{ host: 'h0', message: 'down' }]);
  });

  it('tries a host again whose connection is lost after longer than a silent one is tried', async () => {
    const clock = vi.spyOn(performance, 'now').mockReturnValue(0);
    let begun = 0;
    const lose = async (): Promise<Finding> => {
      if (++begun > 3) return fine;
      clock.mockReturnValue(performance.now() + [25_000, 25_000, 40_000][begun - 1]!);
      throw new ConnectionError('unreachable', 'it does not answer any more', { isPassing: true });
    };
    const outcomes = await runOnHosts([makeTarget('a')], lose, course({ patience: 30_000 }));
    clock.mockRestore();
    expect(outcomes).toMatchObject([{ verdict: 'converged', attempts: 4 }]);
  });

  it('does not begin a task twice that must not be, though the connection was lost', async () => {
    let begun = 0;
    const lose = async (): Promise<Finding> => {
      begun++;
      throw new ConnectionError('unreachable', 'lost', { isPassing: true });
    };
    const [outcome] = await runOnHosts([makeTarget('a')], lose, course({ isRepeatable: false, patience: 20_000 }));
    expect([begun, outcome]).toMatchObject([1, { verdict: 'unreachable', message: 'lost' }]);
  });

  it('gives up a host that hangs, with what to do, and closes its connection', async () => {
    let gone: AbortSignal | undefined;
    const outcomes = await runOnHosts(
      [makeTarget('hangs'), makeTarget('works')],
      async (connection) => {
        if (connection.target.name === 'works') return fine;
        gone = connection.gone;
        await new Promise(() => undefined);
        return fine;
      },
      course({ timeout: 300 }),
    );
    expect(outcomes).toMatchObject([{ verdict: 'slow', message: 'it did not end within 0.3 s' }, { verdict: 'converged' }]);
    expect(gone?.aborted).toBe(true);
  });

  it('does not wait for a connection longer than a host may take, and closes one that comes later', async () => {
    const opening = Promise.withResolvers<Connection>();
    const late = localConnection('late');
    const [outcome] = await runOnHosts(
      [makeTarget('late')],
      async () => fine,
      course({ connect: () => opening.promise, timeout: 200 }),
    );
    expect(outcome).toMatchObject({ verdict: 'unreachable', message: 'no connection within 0.2 s' });

    const closed = once(late.gone, 'abort');
    opening.resolve(late);
    await closed;
  });

  it('says what kept it from a host whose time ends while it is tried again', async () => {
    let tried = 0;
    const refuse: Connect = () => {
      if (++tried > 1) return new Promise(() => undefined);
      throw new ConnectionError('unreachable', '192.0.2.99 port 22 cannot be reached from here', {
        hint: 'look',
        isPassing: true,
      });
    };
    const settings = course({ connect: refuse, timeout: 1_000, patience: 10_000 });
    expect(await runOnHosts([makeTarget('a')], async () => fine, settings)).toMatchObject([
      {
        verdict: 'unreachable',
        message: '192.0.2.99 port 22 cannot be reached from here; tried again until 1 s had passed',
        hint: 'look',
      },
    ]);
  });

  it.each([
    [true, 'the host finishes its run or takes it back: reconcile fleet status'],
    [false, 'what was begun there may go on'],
  ])('that is interrupted and may be repeated: %s, says what becomes of the host', async (isRepeatable, hint) => {
    const abort = new AbortController();
    const task = () => {
      abort.abort();
      return new Promise<Finding>(() => undefined);
    };
    const [outcome] = await runOnHosts([makeTarget('h0')], task, course({ isRepeatable, signal: abort.signal }));
    expect(outcome).toMatchObject({ verdict: 'halted', hint });
  });

  it('ends at once when it is interrupted, and says which hosts were at work and which not begun', async () => {
    const interrupt = new AbortController();
    const outcomes = await runOnHosts(
      names(3).map(makeTarget),
      async (connection) => {
        interrupt.abort();
        await once(connection.gone, 'abort');
        return fine;
      },
      course({ forks: 1, signal: interrupt.signal }),
    );
    expect(outcomes.map(({ verdict, message }) => [verdict, message])).toEqual([
      ['halted', 'the command was interrupted while the host was at work'],
      ['halted', 'not begun: the command was interrupted'],
      ['halted', 'not begun: the command was interrupted'],
    ]);
  });
});
