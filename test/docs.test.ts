import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { program } from './support/run-cli.ts';
import { referenceTables } from './support/reference-tables.ts';

const repository = new URL('..', import.meta.url).pathname;
const readme = readFileSync(join(repository, 'README.md'), 'utf8');
const generated = /<!-- generated: ([\w-]+) -->\n([\s\S]*?)<!-- \/generated -->/g;
const blocks = (kind: string): string[] =>
  [...readme.matchAll(new RegExp(`^\`\`\`${kind}\\n([\\s\\S]*?)^\`\`\`$`, 'gm'))].map(([, text]) => text!);

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'docs-'));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const reconcile = (args: readonly string[], cwd: string) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], {
    cwd,
    encoding: 'utf8',
    timeout: 60_000,
    env: { PATH: process.env['PATH'] ?? '', HOME: directory, NO_COLOR: '1' },
  });
  return { exit: status, stdout, stderr };
};

describe('the reference tables of README.md', () => {
  const wanted = readme.replace(generated, (_all, name: string) => {
    const body = referenceTables[name]?.() ?? 'no such table';
    return `<!-- generated: ${name} -->\n\n${body}\n\n<!-- /generated -->`;
  });

  it('are what the code says (UPDATE=1 rewrites them)', () => {
    if (process.env['UPDATE'] === '1') writeFileSync(join(repository, 'README.md'), wanted);
    else expect(readme).toBe(wanted);
  });

  it('are all there, and there are no others', () => {
    const marked = new Set([...readme.matchAll(generated)].map(([, name]) => name));

    expect(marked).toEqual(new Set(Object.keys(referenceTables)));
  });
});

describe('the examples of README.md marked "converge"', () => {
  it.each(blocks('yaml converge').map((text, index) => [index + 1, text] as const))(
    'number %i converges, and the second run changes nothing',
    (index, text) => {
      const source = join(directory, `converge-${index}`);
      mkdirSync(join(source, 'desired-state'), { recursive: true });
      mkdirSync(join(source, 'inventory'));
      writeFileSync(join(source, 'inventory/hosts.yml'), 'all:\n  hosts:\n    demo:\n');
      const resources = text.replace(/^/gm, '      ').trimEnd();
      writeFileSync(join(source, 'desired-state/site.yaml'), `assignments:\n  - hosts: demo\n    resources:\n${resources}\n`);

      const first = reconcile(['--host', 'demo', '--root', join(directory, `root-${index}`)], source);
      const second = reconcile(['--host', 'demo', '--root', join(directory, `root-${index}`), '-o', 'json'], source);

      expect(first.stdout + first.stderr).toContain('Applied and verified');
      expect(first.exit).toBe(0);
      expect(JSON.parse(second.stdout)).toMatchObject({ outcome: 'converged', writes: 0, steps: [] });
    },
    60_000,
  );
});

describe('the examples of README.md marked "console"', () => {
  it.each(blocks('console').map((text) => [text.split('\n')[0]!, text] as const))(
    '%s prints what is shown there',
    (_title, text) => {
      const source = mkdtempSync(join(directory, 'console-'));
      for (const part of ['desired-state', 'inventory', 'roles'])
        cpSync(join(repository, part), join(source, part), { recursive: true });
      for (const { args, shown, exit } of consoleCommands(text)) {
        const run = reconcile(args, source);

        expect(`${run.stdout}${run.stderr}`.trimEnd()).toMatch(patternOf(shown));
        expect(run.exit, args.join(' ')).toBe(exit);
      }
    },
    120_000,
  );
});

interface ConsoleCommand {
  readonly args: readonly string[];
  readonly shown: readonly string[];
  readonly exit: number;
}

/** `$ reconcile ...` and the lines up to the next; `[exit N]` stands for an exit code other than 0. */
function consoleCommands(text: string): readonly ConsoleCommand[] {
  return text
    .split(/^\$ reconcile /m)
    .slice(1)
    .map((part) => {
      const [line = '', ...shown] = part.trimEnd().split('\n');
      const exit = /^\[exit (\d+)\]$/.exec(shown.at(-1) ?? '')?.[1];
      return { args: line.split(' '), shown: exit ? shown.slice(0, -1) : shown, exit: Number(exit ?? 0) };
    });
}

/** `...` stands for anything. */
const patternOf = (shown: readonly string[]): RegExp => {
  const parts = shown
    .join('\n')
    .split('...')
    .map((part) => RegExp.escape(part));
  return new RegExp(`^${parts.join('[\\s\\S]*')}$`);
};
