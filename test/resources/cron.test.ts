import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openLocalHost } from '../../src/host/local-host.ts';
import { openLocalReader } from '../../src/host/local-reader.ts';
import { Secret } from '../../src/model/secret.ts';
import { cron } from '../../src/resources/types/cron.ts';
import { theLaws } from '../support/laws.ts';
import { openRig } from '../support/resource-rig.ts';
import { contents, converge, convergeDesired, prepare, signal } from './converge-kind.ts';

let root: string;
beforeEach(() => void (root = mkdtempSync(join(tmpdir(), 'cron-'))));
afterEach(() => rmSync(root, { recursive: true }));

const spool = (user = 'root', base = root): string => join(base, 'var/spool/cron/crontabs', user);
const put = (path: string, text: string | Buffer): void => {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
};
const job = { name: 'backup', schedule: '0 2 * * *', command: '/opt/backup' };
const marked = (line: string, name = 'backup'): string => `# reconcile: ${name}\n${line}\n# reconcile end: ${name}\n`;

const foreign = 'MAILTO=x\r\n# foreign\nno line end';
theLaws(cron, [
  { name: 'makes a crontab', attributes: job },
  { name: 'joins foreign lines', attributes: job, given: (base) => put(spool('root', base), foreign) },
  { name: 'replaces an entry in place', attributes: { ...job, command: '/new' }, before: job },
  { name: 'removes an entry', attributes: { name: 'backup', ensure: 'absent' }, before: job },
  {
    name: 'removes an entry among foreign lines',
    attributes: { name: 'backup', ensure: 'absent' },
    given: (base) => put(spool('root', base), `a\n${marked('x')}b`),
  },
  { name: 'writes a file in cron.d', attributes: { ...job, in: 'cron.d' } },
  {
    name: 'replaces a foreign file in cron.d',
    attributes: { ...job, in: 'cron.d' },
    given: (base) => put(join(base, 'etc/cron.d/backup'), '1 1 1 1 1 root other\n'),
  },
  { name: 'removes a file in cron.d', attributes: { ...job, in: 'cron.d', ensure: 'absent' }, before: { ...job, in: 'cron.d' } },
]);

describe('what a cron job may say', () => {
  const line = (attributes: object): string => prepare(cron, { ...job, ...attributes }).desired?.entry;

  it.each([
    ['% for the user', 'date +%F; echo 50%', String.raw`0 2 * * * date +\%F; echo 50\%`],
    ['nothing that is escaped already', String.raw`date +\%F`, String.raw`0 2 * * * date +\%F`],
    ['no single backslash', String.raw`printf 'a\nb'`, String.raw`0 2 * * * printf 'a\nb'`],
  ])('escapes %s', (_what, command, expected) => {
    expect(line({ command })).toBe(expected);
  });

  it('folds the schedule to single spaces and trims the command', () => {
    expect(line({ schedule: ' 0  2\t* * * ', command: '  /opt/x  \n' })).toBe('0 2 * * * /opt/x');
  });

  it('exports variables in front of the command, so that no line below sees them', () => {
    expect(line({ env: { A: "it's 5%", N: 3 } })).toBe(String.raw`0 2 * * * export A='it'\''s 5\%' N='3'; /opt/backup`);
  });

  it('writes variables as lines of a cron.d file, which belongs to the job alone', () => {
    expect(line({ in: 'cron.d', user: 'app', env: { MAILTO: '', A: 'say "x"' } })).toBe(
      `# reconcile: backup\nMAILTO=""\nA='say "x"'\n0 2 * * * app /opt/backup\n`,
    );
  });

  it.each([
    ['no schedule', { schedule: undefined }, 'schedule: is required unless "ensure: absent"'],
    ['no command', { command: undefined }, 'command: is required'],
    ['an empty command', { command: ' ' }, 'command: is empty'],
    ['a schedule with seconds', { schedule: '0 */5 * * * *' }, 'schedule: 6 fields'],
    ['a newline', { command: 'a\nb' }, 'command: must be one line'],
    ['a carriage return', { command: 'a\rb' }, 'command: must be one line'],
    ['a NUL', { command: 'a\0b' }, 'command: must be one line'],
    ['two backslashes', { command: String.raw`a\\b` }, 'command: holds two backslashes'],
    ['a long command', { command: 'x'.repeat(999) }, 'command: is longer than the 998 bytes'],
    ['an unknown nickname', { schedule: '@dayly' }, 'did you mean "@daily"?'],
    ['a name with a newline', { name: 'a\nb' }, 'name: expected letters'],
    ['a name that climbs', { name: '../../etc/passwd' }, 'name: expected letters'],
    ['a dotted name in cron.d', { name: 'a.b', in: 'cron.d' }, 'name: cron ignores files'],
    ['a user that climbs', { user: '../x' }, 'user: expected a user name'],
    ['a variable that injects', { env: { 'A=1\nB': 'x' } }, 'env'],
    ['a value that injects', { env: { A: 'x\n* * * * * root evil' }, in: 'cron.d' }, 'env.A: must be one line'],
    ['a value with both quotes', { env: { A: `'"` }, in: 'cron.d' }, 'env.A: holds both kinds of quotes'],
    ['MAILTO in a crontab', { env: { MAILTO: 'x' } }, 'env.MAILTO: is read by cron itself'],
    ['a time zone in a crontab', { env: { CRON_TZ: 'UTC' } }, 'env.CRON_TZ: is not read by'],
    ['a time zone in cron.d', { env: { CRON_TZ: 'UTC' }, in: 'cron.d' }, 'env.CRON_TZ: is not read by'],
    ['a delay by chance', { env: { RANDOM_DELAY: '5' }, in: 'cron.d' }, 'env.RANDOM_DELAY: is not read by'],
    ['a secret command', { command: Secret.of('canary') }, 'a secret cannot stand in a crontab'],
    ['a secret variable', { env: { TOKEN: Secret.of('canary') } }, 'env.TOKEN'],
    ['an unknown attribute', { comand: 'x' }, 'comand'],
  ])('refuses %s', (_what, attributes, message) => {
    const { problems } = prepare(cron, { ...job, ...attributes });

    expect(problems.join('\n')).toContain(message);
    expect(problems.join('\n')).not.toContain('canary');
  });

  it('is known by user and name, or by its file', () => {
    expect(prepare(cron, job).id).toBe('root/backup');
    expect(prepare(cron, { ...job, user: 'app' }).id).toBe('app/backup');
    expect(prepare(cron, { ...job, in: 'cron.d' }).id).toBe('cron.d/backup');
  });
});

it('jobs of one crontab are pruned one by one when they leave git', async () => {
  using rig = openRig(root, [cron]);
  const [one, two] = ['one', 'two'].map((name) => rig.resource(cron, { ...job, name }));
  await rig.apply([one!, two!]);

  expect(await rig.apply([two!])).toEqual(['cron[root/one]']);

  expect(readFileSync(spool('root', rig.root), 'utf8')).toBe(marked('0 2 * * * /opt/backup', 'two'));
});

describe('a job in a crontab under a root', () => {
  it('is added beside every foreign byte and taken out again', async () => {
    const foreign = Buffer.from('MAILTO=x\r\n# \xe9t\xe9\nnot a cron line\n0 0 * * * /x 50\\% no end', 'latin1');
    put(spool(), foreign);

    const added = await converge(cron, job, root);
    expect(added).toMatchObject({ diff: { action: 'create' }, again: { action: 'none' } });
    expect(readFileSync(spool(), 'latin1')).toBe(
      `MAILTO=x\r\n# \xe9t\xe9\nnot a cron line\n${marked('0 2 * * * /opt/backup')}0 0 * * * /x 50\\% no end`,
    );
    expect(statSync(spool()).mode & 0o7777).toBe(0o600);

    const removed = await converge(cron, { name: 'backup', ensure: 'absent' }, root);
    expect(removed).toMatchObject({ diff: { action: 'remove' }, again: { action: 'none' } });
    expect(readFileSync(spool())).toEqual(foreign);
  });

  it('is healed after a hand edit, in its place', async () => {
    put(spool(), `a\n${marked('0 3 * * * /opt/backup --edited')}b\n`);

    const { diff } = await converge(cron, job, root);

    expect(diff).toEqual({
      action: 'update',
      changes: [{ field: 'entry', from: '0 3 * * * /opt/backup --edited', to: '0 2 * * * /opt/backup' }],
    });
    expect(readFileSync(spool(), 'utf8')).toBe(`a\n${marked('0 2 * * * /opt/backup')}b\n`);
  });

  it('keeps commands with characters outside ASCII', async () => {
    await converge(cron, { ...job, command: 'echo été 漢' }, root);

    expect(readFileSync(spool(), 'utf8')).toBe(marked('0 2 * * * echo été 漢'));
    expect((await converge(cron, { ...job, command: 'echo été 漢' }, root)).diff.action).toBe('none');
  });

  it('does not overwrite other jobs of the same batch', async () => {
    const host = openLocalHost({ root });
    const names = ['a', 'b', 'c'];
    for (const name of names)
      await cron.apply(prepare(cron, { ...job, name }).desired, [], { host, last: undefined, contents, signal });
    await host.commit(signal);
    host.close();

    expect(readFileSync(spool(), 'utf8')).toBe(names.map((name) => marked('0 2 * * * /opt/backup', name)).join(''));
  });

  it('removes the crontab with its last line', async () => {
    await converge(cron, job, root);
    await converge(cron, { name: 'backup', ensure: 'absent' }, root);

    expect(existsSync(spool())).toBe(false);
  });

  it('leaves a damaged or binary crontab untouched and says why', async () => {
    for (const text of ['# reconcile: backup\n0 2 * * * /opt/backup\n', 'a\0b\n']) {
      put(spool(), text);

      await expect(converge(cron, job, root)).rejects.toThrow(/damaged|NUL/);
      expect(readFileSync(spool(), 'utf8')).toBe(text);
    }
  });

  it('leaves the undo to the engine only where a file is in charge', () => {
    const { desired } = prepare(cron, job);

    expect(cron.touches?.(desired, [], openLocalReader({ root }))).toEqual(['/var/spool/cron/crontabs/root']);
    expect(cron.touches?.(desired, [], openLocalReader({}))).toEqual([]);
  });
});

describe('a job in cron.d', () => {
  const inFile = { ...job, in: 'cron.d' };
  const file = (): string => join(root, 'etc/cron.d/backup');

  it('is one file with mode 0644', async () => {
    const { again } = await converge(cron, inFile, root);

    expect(again.action).toBe('none');
    expect(readFileSync(file(), 'utf8')).toBe('# reconcile: backup\n0 2 * * * root /opt/backup\n');
    expect(statSync(file()).mode & 0o7777).toBe(0o644);
  });

  it('gets its mode back, because cron ignores files that others can write', async () => {
    await converge(cron, inFile, root);
    chmodSync(file(), 0o666);

    const { diff, again } = await converge(cron, inFile, root);

    expect(diff).toEqual({ action: 'update', changes: [{ field: 'mode', from: '0666', to: '0644' }] });
    expect(again.action).toBe('none');
  });

  it.runIf(process.getuid?.() === 0)('is given back to root, because cron ignores files of others', async () => {
    await converge(cron, inFile, root);
    chownSync(file(), 65534, 65534);

    const { diff, again } = await converge(cron, inFile, root);

    expect(diff).toEqual({ action: 'update', changes: [{ field: 'owner', from: 65534, to: 0 }] });
    expect(again.action).toBe('none');
  });

  it('replaces a file of that name that somebody else wrote, and says so', async () => {
    put(file(), '1 1 1 1 1 root other\n');

    expect((await converge(cron, inFile, root)).diff.action).toBe('replace');
  });

  it('is removed only when it is ours', async () => {
    const gone = cron.absent?.(prepare(cron, inFile).desired) ?? {};
    put(file(), '1 1 1 1 1 root other\n');
    expect((await convergeDesired(cron, gone, root)).diff.action).toBe('none');

    await converge(cron, inFile, root);
    expect((await convergeDesired(cron, gone, root)).diff.action).toBe('remove');
    expect(existsSync(file())).toBe(false);
  });
});
