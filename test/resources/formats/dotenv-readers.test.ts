import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { dotenvFormat, readAssignments } from '../../../src/resources/formats/dotenv.ts';
import { editText } from '../../../src/resources/formats/edit-text.ts';
import { readText } from '../../../src/resources/formats/format.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

const hasDotenv = spawnSync('python3', ['-c', 'import dotenv']).status === 0;
if (!hasDotenv) console.log('skipped: comparing with python-dotenv needs python3-dotenv');

const isHeld = (value: string): boolean => {
  try {
    dotenvFormat.fit(['V'], value);
    return true;
  } catch {
    return false;
  }
};

/** Values that the format takes, each over a value in other quotes, in one file: a quote that is not closed spoils what follows. */
const values = fc.sample(fc.string({ unit: fc.constantFrom(...`aX '"\\$\`{}#=:-!~*n\n\té`), maxLength: 8 }).filter(isHeld), {
  numRuns: 400,
  seed: 7,
});
const before = values
  .map((_value, index) => `V${index}=${['1', '"1"', "'1' # why", '""', ' # why', '"\\$" # why'][index % 6]}\n`)
  .join('');
const text = editText(dotenvFormat, before, { set: values.map((value, index) => [[`V${index}`], value]), unset: [] });

/** What a program prints when it is given the file. */
function ask(program: string, args: readonly string[]): string {
  using directory = temporaryDirectory();
  const file = join(directory.path, '.env');
  writeFileSync(file, text);
  return spawnSync(program, [...args, file], { encoding: 'utf8' }).stdout;
}

it('a shell reads what was written', () => {
  const names = values.map((_value, index) => `"$V${index}"`).join(' ');
  const printed = ask('sh', ['-c', `set -e; . "$1"; printf '%s\\0' ${names}`, 'sh']);

  expect(printed.split('\0').slice(0, -1)).toEqual(values);
});

it.skipIf(!hasDotenv)('python-dotenv reads what was written', () => {
  const printed = ask('python3', ['-c', 'import dotenv, json, sys; print(json.dumps(dotenv.dotenv_values(sys.argv[1])))']);

  expect(JSON.parse(printed)).toEqual(Object.fromEntries(values.map((value, index) => [`V${index}`, value])));
});

/** Values as people write them. Nothing in them is a file, nor a command; `:` would be one. */
const written = fc
  .sample(fc.string({ unit: fc.constantFrom(...`aX '"\\$\`#=:~n;\té`), maxLength: 7 }), { numRuns: 2000, seed: 7 })
  .filter((raw) => !/\s:(?:\s|$)/.test(raw) && readAssignments(`V=${raw}\n`).has('V'));
/** What is made of each of them, in a file of its own. */
function askEach(program: string, args: readonly string[]): readonly string[] {
  using directory = temporaryDirectory();
  const files = written.map((raw, index) => {
    const file = join(directory.path, `${index}.env`);
    writeFileSync(file, `V=${raw}\n`);
    return file;
  });
  const { stdout } = spawnSync(program, [...args, ...files], { encoding: 'utf8', maxBuffer: 1e8 });
  return stdout.split('\0').slice(0, -1);
}

it('a shell reads what counts as read', () => {
  const script = `for file; do (. "$file"; printf %s "$V"); printf '\\0'; done`;
  const printed = askEach('sh', ['-c', script, 'sh']);
  const certain = written.flatMap((raw, index) => {
    const value = String(readText(dotenvFormat, `V=${raw}\n`)['V']);
    return value.startsWith('!!ambiguous ') ? [] : [{ raw, value, read: printed[index] }];
  });
  // In `V=a b` it stands in front of a command.
  const isUnset = ({ raw, read }: (typeof certain)[number]): boolean => read === '' && /^\s|^[^'"]+\s/.test(raw);

  expect(certain.length).toBeGreaterThan(500);
  expect(certain.filter((one) => one.read !== one.value && !isUnset(one))).toEqual([]);
});

it.skipIf(!hasDotenv)('python-dotenv reads what counts as read, and all else as readAssignments', () => {
  const script =
    'import dotenv, sys\nfor file in sys.argv[1:]: print(dotenv.dotenv_values(file, interpolate=False).get("V"), end="\\0")';
  const printed = askEach('python3', ['-c', script]);
  const read = written.map((raw) => readAssignments(`V=${raw}\n`).get('V'));

  expect(written.filter((_raw, index) => read[index] !== printed[index])).toEqual([]);
});
