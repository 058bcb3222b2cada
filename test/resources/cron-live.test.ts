import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Host } from '../../src/host/host.ts';
import { openLocalHost } from '../../src/host/local-host.ts';
import { scheduleProblem } from '../../src/resources/cron-schedule.ts';
import { cron } from '../../src/resources/types/cron.ts';
import { contents, converge, prepare, signal } from './converge-kind.ts';

const missing = [
  ...(process.getuid?.() === 0 ? [] : ['root']),
  ...['/usr/bin/crontab', '/usr/sbin/useradd', '/usr/sbin/userdel'].filter((path) => !existsSync(path)),
];
if (missing.length > 0) console.log(`skipped: jobs in a real crontab need ${missing.join(', ')}`);

const user = `cron-test-${process.pid}`;
/** Without the three header lines. Not `crontab -l`, which writes a carriage return as "\\r". */
const read = (): string => readFileSync(`/var/spool/cron/crontabs/${user}`, 'latin1').split('\n').slice(3).join('\n');
const install = (text: string): string =>
  spawnSync('crontab', ['-u', user, '-'], { input: Buffer.from(text, 'latin1'), encoding: 'utf8' }).stderr;
const job = { name: 'backup', user, schedule: '0 2 * * *', command: 'date +%F' };
const marked = String.raw`# reconcile: backup
0 2 * * * date +\%F
# reconcile end: backup
`;

describe.skipIf(missing.length > 0)('a job in a real crontab', () => {
  beforeAll(() => void execFileSync('useradd', ['--no-create-home', '--shell', '/usr/sbin/nologin', user]));
  afterEach(() => void spawnSync('crontab', ['-u', user, '-r']));
  afterAll(() => void execFileSync('userdel', [user], { stdio: 'ignore' }));

  it('creates the crontab and removes it with its last line', async () => {
    const added = await converge(cron, job);
    expect(added).toMatchObject({ diff: { action: 'create' }, again: { action: 'none' } });
    expect(read()).toBe(marked);

    const removed = await converge(cron, { ...job, ensure: 'absent' });
    expect(removed).toMatchObject({ diff: { action: 'remove' }, again: { action: 'none' } });
    expect(spawnSync('crontab', ['-u', user, '-l']).status).toBe(1);
  });

  it('keeps foreign bytes, and undo gives back the exact text', async () => {
    const foreign = '# \xe9\r\nMAILTO=x\n1 1 1 1 1 /x\n';
    install(foreign);

    const { undo } = await converge(cron, job);
    expect(read()).toBe(foreign + marked);

    await undo();
    expect(read()).toBe(foreign);
  });

  it('is put back where it stood when its removal is undone, beside what was edited meanwhile', async () => {
    install(`1 1 1 1 1 /above\n${marked}2 2 2 2 2 /below\n`);

    const { undo } = await converge(cron, { ...job, ensure: 'absent' });
    install(`${read()}3 3 3 3 3 /later\n`);
    await undo();

    expect(read()).toBe(`1 1 1 1 1 /above\n${marked}2 2 2 2 2 /below\n3 3 3 3 3 /later\n`);
  });

  it('removes a crontab that it made when that is undone', async () => {
    const { undo } = await converge(cron, job);
    await undo();

    expect(spawnSync('crontab', ['-u', user, '-l'], { encoding: 'utf8' }).stderr).toContain('no crontab for');
  });

  it('keeps what somebody else writes between the read and the write', async () => {
    install('1 1 1 1 1 /x\n');
    const host = openLocalHost({});
    let reads = 0;
    const slow: Host = {
      ...host,
      readFile(path) {
        const result = host.readFile(path);
        if (++reads === 1) install('1 1 1 1 1 /x\n2 2 2 2 2 /meanwhile\n');
        return result;
      },
    };
    await cron.apply(prepare(cron, job).desired, [], { host: slow, last: undefined, contents, signal });
    host.close();

    expect(read()).toBe(`1 1 1 1 1 /x\n2 2 2 2 2 /meanwhile\n${marked}`);
  });

  it('gives up when somebody else writes at every attempt, and leaves their text', async () => {
    const host = openLocalHost({});
    let reads = 0;
    const contested: Host = {
      ...host,
      readFile(path) {
        const result = host.readFile(path);
        install(`1 1 1 1 1 /x ${++reads}\n`);
        return result;
      },
    };
    const applied = cron.apply(prepare(cron, job).desired, [], { host: contested, last: undefined, contents, signal });

    await expect(applied).rejects.toThrow('changed by somebody else at each of 5 attempts');
    host.close();
    expect(read()).toMatch(/^1 1 1 1 1 \/x \d+\n$/);
  });

  describe('without root', () => {
    /** The real program, run by the owner of the crontab. */
    const asOwner = (): { readonly host: Host; readonly reads: () => number } => {
      const host = openLocalHost({ privileged: false });
      let reads = 0;
      return {
        reads: () => reads,
        host: {
          ...host,
          query: (argv, abort, options) => (reads++, host.query(argv, abort, { ...options, user })),
          run: (argv, abort, options) => host.run(argv, abort, { ...options, user }),
        },
      };
    };

    it('reads a crontab once for all its jobs, and again after a write', async () => {
      install('1 1 1 1 1 /x\n');
      const { host, reads } = asOwner();
      const context = { host, last: undefined, contents, signal, survey: undefined };
      const { desired } = prepare(cron, job);

      for (let count = 0; count < 5; count++) await cron.inspect(desired, context);
      expect(reads()).toBe(1);

      await cron.apply(desired, [], context);
      expect(cron.diff(desired, await cron.inspect(desired, context)).action).toBe('none');
      expect(read()).toBe(`1 1 1 1 1 /x\n${marked}`);
    });

    it('leaves a crontab with carriage returns alone, because crontab -l does not give its bytes', async () => {
      install('1 1 1 1 1 /x\r\n');
      const context = { host: asOwner().host, last: undefined, contents, signal, survey: undefined };

      await expect(cron.inspect(prepare(cron, job).desired, context)).rejects.toThrow('carriage returns');
    });
  });

  it(
    'has a schedule that crontab takes, whenever the check takes it; and what crontab refuses, the check refuses',
    { timeout: 300_000 },
    () => {
      const number = fc.integer({ min: 0, max: 70 }).map(String);
      const value = fc.oneof({ weight: 5, arbitrary: number }, fc.constantFrom('*', 'mon', 'JAN', 'dec', 'sun', 'L', '?', ''));
      const range = fc.oneof(
        value,
        fc.tuple(value, value).map((ends) => ends.join('-')),
      );
      const stepped = fc.oneof(
        { weight: 3, arbitrary: range },
        fc.tuple(range, number).map((parts) => parts.join('/')),
      );
      const field = fc.array(stepped, { minLength: 1, maxLength: 2 }).map((list) => list.join(','));
      const wild = fc.oneof({ weight: 3, arbitrary: fc.constant('*') }, field);
      const schedule = fc.tuple(wild, wild, wild, wild, wild).map((fields) => fields.join(' '));
      fc.assert(
        fc.property(schedule, (text) => {
          const refused = install(`${text} /x\n`).includes('errors in crontab');

          if (refused) expect(scheduleProblem(text)).toBeDefined();
          if (scheduleProblem(text) === undefined) expect(refused).toBe(false);
        }),
        { numRuns: process.env['LONG'] ? 5_000 : 150, seed: 20261120 },
      );
    },
  );
});
