import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildProgram } from '../../src/cli/commander-program.ts';
import { completionScript, type Shell } from '../../src/cli/completion-script.ts';

const has = (shell: string): boolean => spawnSync(shell, ['-c', 'true']).status === 0;
let directory: string;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'completion-'));
  writeFileSync(join(directory, 'plan.json'), '');
});
afterAll(() => rmSync(directory, { recursive: true }));

const scriptFile = (shell: Shell): string => {
  const file = join(directory, `_reconcile.${shell}`);
  writeFileSync(
    file,
    completionScript(
      buildProgram(() => Promise.resolve()),
      shell,
    ),
  );
  return file;
};

const expectations: readonly (readonly [line: string, offered: readonly string[], notOffered: readonly string[]])[] = [
  ['reconcile va', ['validate'], ['plan']],
  ['reconcile --che', ['--check'], ['--diff']],
  ['reconcile -o ', ['text', 'json', 'ndjson'], ['validate']],
  ['reconcile --output nd', ['ndjson'], ['json']],
  ['reconcile secret ', ['set', 'show-recipients', 'rekey'], ['validate']],
  ['reconcile validate -o ', ['text', 'json'], ['ndjson']],
  ['reconcile completion ', ['bash', 'zsh', 'fish'], []],
  ['reconcile apply plan', ['plan.json'], ['plan']],
  ['reconcile history --li', ['--limit'], ['--list']],
  ['reconcile --host allegro inventory --g', ['--graph'], []],
];

describe.skipIf(!has('bash'))('the bash script, sourced by bash (skipped where there is no bash)', () => {
  it.each(expectations)('completes "%s"', (line, offered, notOffered) => {
    const script = 'source "$1"; COMP_LINE="$2"; COMP_POINT=${#2}; _reconcile reconcile "$3"; printf "%s\\n" "${COMPREPLY[@]}"';
    const last = line.split(' ').at(-1)!;
    const run = spawnSync('bash', ['--norc', '-c', script, 'bash', scriptFile('bash'), line, last], {
      cwd: directory,
      encoding: 'utf8',
    });

    const replies = run.stdout.split('\n');
    expect(run.stderr).toBe('');
    expect(replies).toEqual(expect.arrayContaining([...offered]));
    for (const word of notOffered) expect(replies).not.toContain(word);
  });

  it('registers itself for the command', () => {
    const run = spawnSync('bash', ['--norc', '-c', 'source "$1"; complete -p reconcile', 'bash', scriptFile('bash')], {
      encoding: 'utf8',
    });

    expect(run.stdout).toContain('-F _reconcile reconcile');
  });
});

describe.skipIf(!has('zsh'))('the zsh script, sourced by zsh (skipped where there is no zsh)', () => {
  it('parses', () => {
    expect(spawnSync('zsh', ['-n', scriptFile('zsh')]).status).toBe(0);
  });

  it.each(expectations)('completes "%s"', (line, offered, notOffered) => {
    // Outside of a terminal zsh has no completion to ask; what the function would add is printed, filtered as zsh filters it.
    const script = [
      'compdef() { :; }; compadd() { shift; print -l -- "${(@M)@:#${words[CURRENT]}*}"; }; _files() { print -l -- *(N); }',
      'source "$1"; shift; words=("$@"); CURRENT=$#; _reconcile',
    ].join('\n');
    const run = spawnSync('zsh', ['-fc', script, 'zsh', scriptFile('zsh'), ...line.split(' ')], {
      cwd: directory,
      encoding: 'utf8',
    });

    const replies = run.stdout.split('\n');
    expect(run.stderr).toBe('');
    expect(replies).toEqual(expect.arrayContaining([...offered]));
    for (const word of notOffered) expect(replies).not.toContain(word);
  });
});

describe.skipIf(!has('fish'))('the fish script, sourced by fish (skipped where there is no fish)', () => {
  it.each(expectations)('completes "%s"', (line, offered, notOffered) => {
    const run = spawnSync('fish', ['-N', '-c', `source ${scriptFile('fish')}; complete -C '${line}'`], {
      cwd: directory,
      encoding: 'utf8',
    });

    const replies = run.stdout.split('\n').map((reply) => reply.split('\t')[0]);
    expect(run.stderr).toBe('');
    expect(replies).toEqual(expect.arrayContaining([...offered]));
    for (const word of notOffered) expect(replies).not.toContain(word);
  });
});
