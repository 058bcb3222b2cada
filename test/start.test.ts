import { copyFileSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { program } from './support/run-cli.ts';
import { temporaryDirectory } from './support/temporary-directory.ts';

const [mainFile, moreFile] = ['lib/main.cjs', 'lib/run/more.cjs'];
/** Two files of the same length as any other such pair; what they say is known once the function has run. */
const main = (word: string): string => `function say() { return '${word}'; }
function more() { return require('./run/more.cjs'); }
if (process.argv.includes('more')) more();
process.stdout.write(say());`;

/** A program of two files behind the real start. */
function openProgram() {
  const directory = temporaryDirectory();
  const cache = join(directory.path, 'code-cache', `${process.version}-${process.arch}`);
  mkdirSync(join(directory.path, 'lib/run'), { recursive: true });
  copyFileSync(program, join(directory.path, 'reconcile.mjs'));
  const write = (file: string, text: string): void => writeFileSync(join(directory.path, file), text);
  write(mainFile, main('one'));
  write(moreFile, 'module.exports = 1;');
  return {
    path: directory.path,
    cache,
    write,
    kept: (): readonly string[] => readdirSync(cache).sort(),
    code: (name: string): Buffer => readFileSync(join(cache, name)),
    /** What it says; throws where it does not end well. */
    run(args: readonly string[] = [], env: Readonly<Record<string, string>> = {}, flags: readonly string[] = []): string {
      const { status, stdout, stderr } = spawnSync(process.execPath, [...flags, join(directory.path, 'reconcile.mjs'), ...args], {
        env: { PATH: process.env['PATH'] ?? '', ...env },
        encoding: 'utf8',
      });
      if (status !== 0) throw new Error(stderr);
      return stdout;
    },
    [Symbol.dispose]: () => directory[Symbol.dispose](),
  };
}

/** Another program's code behind this text, sealed as it was. */
const passedOff = (kept: Buffer, text: string): Buffer =>
  Buffer.concat([kept.subarray(0, 16 + kept.readUInt32LE(0)), Buffer.from(text)]);

describe('compiled code', () => {
  it('is kept after the first run, used by the next, and not written again', () => {
    using one = openProgram();
    using two = openProgram();
    two.write(mainFile, main('two'));
    // As the installed command starts it.
    const flags = ['--inspect-publish-uid=stderr'];
    expect([one.run([], {}, flags), two.run([], {}, flags)]).toEqual(['one', 'two']);
    // Code that fits no better than by its length: whoever says "two" now runs it, and not what stands in the file.
    writeFileSync(join(one.cache, 'main.cjs.code'), passedOff(two.code('main.cjs.code'), main('one')));
    const { mtimeNs } = statSync(join(one.cache, 'main.cjs.code'), { bigint: true });

    expect(one.run()).toBe('two');
    expect(statSync(join(one.cache, 'main.cjs.code'), { bigint: true }).mtimeNs).toBe(mtimeNs);
    expect(one.kept()).toEqual(['main.cjs.code']);
  });

  it('can be changed by nobody else, whatever the umask: who writes it says what root runs', () => {
    using one = openProgram();
    const umask = process.umask(0);
    try {
      one.run();
    } finally {
      process.umask(umask);
    }

    const made = [join(one.path, 'code-cache'), one.cache, ...one.kept().map((name) => join(one.cache, name))];
    expect(made.map((path) => statSync(path).mode & 0o022)).toEqual(made.map(() => 0));
    expect(made).toHaveLength(3);
  });

  it('grows when a run needs a file that none before it needed', () => {
    using one = openProgram();
    one.run();
    const before = one.code('main.cjs.code').length;

    expect(one.run(['more'])).toBe('one');
    expect(one.kept()).toEqual(['main.cjs.code', 'run-more.cjs.code']);
    expect(one.code('main.cjs.code').length).toBeGreaterThan(before);
  });

  it.each([
    ['damaged', (code: Buffer) => code.fill(0x5a, code.length >> 1)],
    ['cut off', (code: Buffer) => code.subarray(0, code.length >> 1)],
    ['empty', () => Buffer.of()],
    ['not written in one of its sectors', (code: Buffer) => code.fill(0, 512, 1024)],
  ])('that is %s is made anew', (_, damage) => {
    using one = openProgram();
    one.run();
    const whole = one.code('main.cjs.code');
    const damaged = damage(Buffer.from(whole));
    writeFileSync(join(one.cache, 'main.cjs.code'), damaged);

    expect(one.run()).toBe('one');
    expect(one.code('main.cjs.code').length).toBe(whole.length);
    expect(one.code('main.cjs.code').equals(damaged)).toBe(false);
    expect(one.run()).toBe('one');
  });

  it('of another file of the same length is not used', () => {
    using one = openProgram();
    one.run();
    one.write(mainFile, main('two'));

    expect(one.run()).toBe('two');
  });

  it('that V8 refuses is made anew', () => {
    using one = openProgram();
    one.run();
    const foreign = one.code('main.cjs.code');
    // No word of the seal.
    foreign[20]! ^= 1;
    writeFileSync(join(one.cache, 'main.cjs.code'), foreign);

    expect(one.run()).toBe('one');
    expect(one.code('main.cjs.code').equals(foreign)).toBe(false);
  });

  it.each([
    ['with flags of its own', {}, ['--no-opt']],
    ['with flags for Node', { NODE_OPTIONS: '--no-deprecation' }, []],
    ['where such a cache is switched off', { NODE_DISABLE_COMPILE_CACHE: '1' }, []],
  ])('is not kept %s', (_, env, flags) => {
    using one = openProgram();

    expect(one.run([], env, flags)).toBe('one');
    expect(readdirSync(one.path)).not.toContain('code-cache');
  });

  it('is done without where nothing can be written', () => {
    using one = openProgram();
    // A file in its place stops root too.
    writeFileSync(join(one.path, 'code-cache'), '');

    expect([one.run(), one.run()]).toEqual(['one', 'one']);
  });
});

describe('the build', () => {
  it('leaves the compiled code of what hosts do every day', () => {
    const cache = join(program, '../code-cache', `${process.version}-${process.arch}`);

    expect(readdirSync(cache)).toEqual(
      expect.arrayContaining(['main.cjs.code', 'run-core.cjs.code', 'run-operations-receive-unknown.cjs.code']),
    );
  });
});

it('a file of the program that could not be opened is loaded by the next who needs it', () => {
  using one = openProgram();
  one.write(
    mainFile,
    `const { renameSync } = require('node:fs');
const file = __dirname + '/run/more.cjs';
renameSync(file, file + '.away');
try { require('./run/more.cjs'); } catch (error) { process.stdout.write(error.code + ', '); }
renameSync(file + '.away', file);
process.stdout.write(String(require('./run/more.cjs')));`,
  );

  expect(one.run()).toBe('ENOENT, 1');
});

it('an older Node is told from which one on the program runs', () => {
  const older = "data:text/javascript,Object.defineProperty(process, 'version', { value: 'v20.20.2' })";

  const { status, stdout, stderr } = spawnSync(process.execPath, ['--import', older, program, '--version'], { encoding: 'utf8' });

  expect({ status, stdout, stderr }).toEqual({
    status: 64,
    stdout: '',
    stderr: 'reconcile: this is Node v20.20.2, and Node 24 or newer is needed\nhint: npm ci brings one: node_modules/.bin/node\n',
  });
});
