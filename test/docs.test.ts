import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadHostPolicy } from '../src/host/host-policy.ts';
import { program } from './support/run-cli.ts';
import { referenceTables } from './support/reference-tables.ts';

const repository = new URL('..', import.meta.url).pathname;
const readme = readFileSync(join(repository, 'README.md'), 'utf8');
/** What has tables that are made from the code. */
const documents = ['README.md', 'roles/README.md', 'schemas/README.md'].map((file) => ({
  file,
  text: readFileSync(join(repository, file), 'utf8'),
}));
const generated = /<!-- generated: ([\w-]+) -->\n([\s\S]*?)<!-- \/generated -->/g;
/** What stands between fences. The first words after the opening fence say how it is tested. */
interface Block {
  readonly info: string;
  readonly text: string;
  readonly index: number;
}
const blocks: readonly Block[] = [...readme.matchAll(/^```([^\n]*)\n([\s\S]*?)^```$/gm)].map(([, info, text], index) => ({
  info: info!,
  text: text!,
  index,
}));
const blocksOf = (form: RegExp): readonly Block[] => blocks.filter(({ info }) => form.test(info));
const valueOf = ({ info }: Block, name: string): string | undefined => new RegExp(`\\b${name}=(\\S+)`).exec(info)?.[1];

/** How an example can be tested; anything else could be wrong for years. */
const forms = {
  converge: /^yaml converge$/,
  console: /^console$/,
  document: /^yaml document=\S+$/,
  hostPolicy: /^yaml host-policy$/,
  tutorial: /^console tutorial(?: needs=\S+)?$/,
  tutorialFile: /^\w+ file=\S+(?: needs=\S+)?$/,
  notRun: /^sh not-run=".{20,}"$/,
  noExample: /^text$/,
} as const;

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'docs-'));
  mkdirSync(join(directory, 'bin'));
  writeFileSync(join(directory, 'bin/reconcile'), `#!/bin/sh\nexec '${process.execPath}' '${program}' "$@"\n`, { mode: 0o755 });
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const repositoryCopy = (): string => {
  const copy = mkdtempSync(join(directory, 'copy-'));
  for (const part of ['desired-state', 'inventory', 'roles'])
    cpSync(join(repository, part), join(copy, part), { recursive: true });
  return copy;
};

const environment = (): NodeJS.ProcessEnv => ({
  PATH: `${directory}/bin:${process.env['PATH']}`,
  HOME: directory,
  NO_COLOR: '1',
});

const reconcile = (args: readonly string[], cwd: string) => {
  const { status, stdout, stderr } = spawnSync('reconcile', args, { cwd, encoding: 'utf8', timeout: 60_000, env: environment() });
  return { exit: status, stdout, stderr };
};

describe('the examples of README.md', () => {
  it('all say how they are tested, or why they are not', () => {
    const all = Object.values(forms);

    expect(blocks.filter(({ info }) => !all.some((form) => form.test(info))).map(({ info }) => info)).toEqual([]);
    for (const form of all) expect(blocksOf(form).length, String(form)).toBeGreaterThan(0);
  });
});

describe('the reference tables', () => {
  const marked = documents.flatMap(({ text }) => [...text.matchAll(generated)].map(([, name]) => name!));

  it.each(documents.map(({ file, text }) => [file, text]))(
    'of %s are what the code says (UPDATE=1 rewrites them)',
    (file, text) => {
      const wanted = text.replace(generated, (_all, name: string) => {
        const body = referenceTables[name]?.() ?? 'no such table';
        return `<!-- generated: ${name} -->\n\n${body}\n\n<!-- /generated -->`;
      });

      if (process.env['UPDATE'] === '1') writeFileSync(join(repository, file), wanted);
      else expect(text).toBe(wanted);
    },
  );

  it('are all there, each once, and there are no others', () => {
    expect(marked.toSorted()).toEqual(Object.keys(referenceTables).toSorted());
  });
});

describe('the links', () => {
  const pages = [...documents.map(({ file }) => file), ...globSync(['src/README.md', 'test/**/README.md'], { cwd: repository })];

  it.each(pages)('of %s lead to something that is there', (file) => {
    const text = readFileSync(join(repository, file), 'utf8');
    const links = [...text.matchAll(/\]\(([^)\s#]*)(?:#([^)\s]+))?\)/g)].filter(([, path]) => !path!.includes(':'));
    const isThere = (path: string, anchor: string | undefined): boolean => {
      const target = join(repository, dirname(file), path === '' ? basename(file) : path);
      if (!existsSync(target)) return false;
      return anchor === undefined || anchorsOf(readFileSync(target, 'utf8')).includes(anchor);
    };

    expect(links.filter(([, path, anchor]) => !isThere(path!, anchor)).map(([link]) => link)).toEqual([]);
  });
});

describe('the examples of README.md marked "converge"', () => {
  it.each(blocksOf(forms.converge).map(({ text }, index) => [index + 1, text] as const))(
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

describe('the examples of README.md that are a document of the bundled repository', () => {
  it.each(blocksOf(forms.document).map((block) => [valueOf(block, 'document')!, block.text] as const))(
    '%s is valid for every host',
    (file, text) => {
      const source = repositoryCopy();
      writeFileSync(join(source, file), text);

      const { exit, stdout } = reconcile(['validate'], source);

      expect(stdout).toMatch(/^Valid, \d+ hosts compiled$/m);
      expect(exit).toBe(0);
    },
    60_000,
  );
});

describe('the host policy of README.md', () => {
  it.each(blocksOf(forms.hostPolicy).map(({ text }) => [text]))('is valid', (text) => {
    const file = join(directory, 'host.yaml');
    writeFileSync(file, text, { mode: 0o600 });

    expect(loadHostPolicy({ env: { RECONCILE_HOST_POLICY: file } }).problems).toEqual([]);
  });
});

describe('the examples of README.md marked "console"', () => {
  it.each(blocksOf(forms.console).map(({ text }) => [text.split('\n')[0]!, text] as const))(
    '%s prints what is shown there',
    (_title, text) => {
      const commands = consoleCommands(text);

      const done = runAll(
        commands.map(({ line }) => line),
        repositoryCopy(),
      );

      for (const [index, command] of commands.entries()) expectShown(command, done[index]!);
    },
    120_000,
  );
});

describe('the tutorial of README.md, one shell for all of it', () => {
  const steps = blocks.filter(({ info }) => forms.tutorial.test(info) || forms.tutorialFile.test(info));
  const missing = (block: Block): string | undefined =>
    valueOf(block, 'needs')
      ?.split(',')
      .find((name) => spawnSync(name, ['--version']).error);
  const done = new Map<number, readonly Done[]>();

  beforeAll(() => {
    const source = mkdtempSync(join(directory, 'tutorial-'));
    mkdirSync(join(source, 'config'));
    const lines = steps
      .filter((block) => missing(block) === undefined)
      .flatMap((block) => {
        const file = valueOf(block, 'file');
        if (file === undefined) return consoleCommands(block.text).map(({ line }) => ({ block, line }));
        const staged = join(source, `block-${block.index}`);
        writeFileSync(staged, block.text);
        return [{ block, line: `mkdir -p "$(dirname '${file}')" && cp '${staged}' '${file}'` }];
      });
    const results = runAll(
      lines.map(({ line }) => line),
      join(source, 'config'),
    );
    for (const [index, { block }] of lines.entries()) done.set(block.index, [...(done.get(block.index) ?? []), results[index]!]);
  }, 120_000);

  it.for(steps.filter(({ info }) => forms.tutorial.test(info)).map((block) => [block.text.split('\n')[0]!, block] as const))(
    '%s prints what is shown there',
    ([, block], { skip }) => {
      const lacking = missing(block);
      if (lacking !== undefined) skip(`${lacking} is not installed`);
      for (const [index, command] of consoleCommands(block.text).entries()) expectShown(command, done.get(block.index)![index]!);
    },
  );
});

/** What forges call the headings of a page. */
const anchorsOf = (markdown: string): readonly string[] =>
  [...markdown.matchAll(/^#+ (.+)$/gm)].map(([, title]) =>
    title!
      .toLowerCase()
      .replace(/[^\w\s-]/g, '')
      .replaceAll(' ', '-'),
  );

interface ConsoleCommand {
  readonly line: string;
  readonly shown: readonly string[];
  readonly exit: number;
}

interface Done {
  readonly output: string;
  readonly exit: number;
}

/** `$ command` and the lines up to the next; `[exit N]` stands for an exit code other than 0. */
function consoleCommands(text: string): readonly ConsoleCommand[] {
  return text
    .split(/^\$ /m)
    .slice(1)
    .map((part) => {
      const [line = '', ...shown] = part.trimEnd().split('\n');
      const exit = /^\[exit (\d+)\]$/.exec(shown.at(-1) ?? '')?.[1];
      return { line, shown: exit ? shown.slice(0, -1) : shown, exit: Number(exit ?? 0) };
    });
}

/** Runs the lines in one shell, so that variables stay; each with what it wrote. */
function runAll(lines: readonly string[], cwd: string): readonly Done[] {
  const results = mkdtempSync(join(directory, 'results-'));
  const script = lines.map((line, index) => `{ ${line}\n} > '${results}/${index}' 2>&1; echo $? > '${results}/${index}.exit'\n`);
  spawnSync('sh', ['-c', script.join('')], { cwd, env: environment(), timeout: 120_000 });
  const read = (name: string): string => readFileSync(join(results, name), 'utf8').trimEnd();
  return lines.map((_line, index) => ({ output: read(String(index)), exit: Number(read(`${index}.exit`)) }));
}

function expectShown({ line, shown, exit }: ConsoleCommand, done: Done): void {
  expect(done.output, line).toMatch(patternOf(shown));
  expect(done.exit, line).toBe(exit);
}

/** `...` stands for anything. */
const patternOf = (shown: readonly string[]): RegExp => {
  const parts = shown
    .join('\n')
    .split('...')
    .map((part) => RegExp.escape(part));
  return new RegExp(`^${parts.join('[\\s\\S]*')}$`);
};
