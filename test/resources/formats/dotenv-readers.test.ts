import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { dotenvFormat } from '../../../src/resources/formats/dotenv.ts';
import { editText } from '../../../src/resources/formats/format.ts';
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
const before = values.map((_value, index) => `V${index}=${['1', '"1"', "'1' # why", '""'][index % 4]}\n`).join('');
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
