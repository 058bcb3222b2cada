import addFormats from 'ajv-formats';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ExitName } from '../../src/model/exit-code.ts';
import type { Report } from '../../src/model/report.ts';
import { stateDirectory } from '../../src/state/state-directory.ts';
import { takeLock } from '../../src/state/lock.ts';
import { makeRepository, site, type Repository } from '../support/repository.ts';
import { program } from '../support/run-cli.ts';

const schemas = new URL('../../schemas', import.meta.url).pathname;
const validator = (name: string) => {
  const schema = JSON.parse(readFileSync(join(schemas, `${name}.schema.json`), 'utf8')) as object;
  const validate = addFormats.default(new Ajv2020({ strict: false, allErrors: true })).compile(schema);
  return (value: unknown): readonly string[] => {
    validate(value);
    return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
  };
};
const [reportErrors, eventErrors] = [validator('report'), validator('event')];

const motd = (text: string, more = ''): string => `- kind: file\n  path: /etc/motd\n  content: "${text}\\n"\n${more}`;
const many = Array.from(
  { length: 40 },
  (_, index) => `- { kind: file, path: /srv/${index}, content: x, after: [${index === 0 ? '' : `"file[/srv/${index - 1}]"`}] }`,
).join('\n');

/** A run with all its events, each checked; gives its report, checked too. */
function run(repository: Repository, ...args: readonly string[]): Report {
  const { stdout, stderr } = repository.run([...args, '-o', 'ndjson']);
  expect(stderr).toBe('');
  return checked(stdout);
}

function checked(ndjson: string): Report {
  const events = ndjson
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { readonly type: string; readonly report?: Report });
  expect(events.flatMap(eventErrors)).toEqual([]);
  const { report } = events.at(-1)!;
  expect(reportErrors(report)).toEqual([]);
  return report!;
}

/** Starts a run, and sends it a signal while it applies. Gives what it wrote until then. */
async function interrupt(repository: Repository, signal: 'SIGTERM' | 'SIGKILL'): Promise<string> {
  const args = ['--source', repository.path, '--host', 'box', '--root', repository.root, '-o', 'ndjson'];
  const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  for await (const chunk of child.stdout) {
    output += String(chunk);
    if (output.includes('"type":"applying"') && output.includes('"address":"file[/srv/2]","done"') && !child.killed)
      child.kill(signal);
  }
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  return output;
}

type Case = readonly [outcome: ExitName, act: (repository: Repository) => Report | Promise<Report>];

const outcomes: readonly Case[] = [
  ['upstreamPending', (repository) => run(repository, '--check')],
  ['converged', (repository) => run(repository)],
  [
    'driftOnly',
    (repository) => {
      run(repository);
      writeFileSync(join(repository.root, 'etc/motd'), 'edited\n');
      return run(repository, '--check');
    },
  ],
  [
    'conflict',
    (repository) => {
      run(repository);
      writeFileSync(join(repository.root, 'etc/motd'), 'edited\n');
      repository.write('desired-state/site.yaml', site(motd('newer')));
      return run(repository, '--check');
    },
  ],
  [
    'refused',
    (repository) => {
      repository.write('desired-state/policy.yaml', 'protected_paths: [/etc/**]\n');
      return run(repository);
    },
  ],
  [
    'invalid',
    (repository) => {
      repository.write('desired-state/site.yaml', site(`${motd('x')}${motd('y')}- { kind: fiel, path: /x }\n`));
      return run(repository);
    },
  ],
  [
    'busy',
    (repository) => {
      run(repository);
      writeFileSync(join(repository.root, 'etc/motd'), 'edited\n');
      const lock = takeLock(stateDirectory(repository.root));
      try {
        return run(repository);
      } finally {
        lock?.release();
      }
    },
  ],
  [
    'rolledBack',
    async (repository) => {
      repository.write('desired-state/site.yaml', site(many));
      return checked(await interrupt(repository, 'SIGTERM'));
    },
  ],
];

describe('reports and events are as their schemas say, when a run is', () => {
  it.each(outcomes)('%s', async (outcome, act) => {
    using repository = makeRepository(motd('hello'));

    expect((await act(repository)).outcome).toBe(outcome);
  });

  it('converged without a change, and when everything is adopted', () => {
    using repository = makeRepository(motd('hello'));
    mkdirSync(join(repository.root, 'etc'));
    writeFileSync(join(repository.root, 'etc/motd'), 'hello\n', { mode: 0o644 });

    expect(run(repository)).toMatchObject({ counts: { adopted: 1 }, steps: [{ cause: 'adopted', action: 'none' }] });
    expect(run(repository)).toMatchObject({ outcome: 'converged', steps: [] });
  });

  it('held, and says that something differs', () => {
    using repository = makeRepository(motd('hello', '  on_drift: hold\n'));
    run(repository);
    writeFileSync(join(repository.root, 'etc/motd'), 'edited\n');

    const report = run(repository);

    expect(report.summary).toBe('Nothing to do: 1 of 1 resources differs and is held');
    expect(report.steps).toMatchObject([{ outcome: 'held', cause: 'drift', action: 'update' }]);
    expect(run(repository, '--check').summary).toContain('0 of 1 resources would change, 1 differs and is held');
  });

  it('checked, and counts what would go among all', () => {
    const other = '- { kind: file, path: /etc/other, content: x }\n';
    const policy = { 'desired-state/policy.yaml': 'destroy: { max_delete_percent: 100 }\n' };
    using repository = makeRepository(motd('hello') + other, policy);
    run(repository);
    repository.write('desired-state/site.yaml', site(motd('good bye')));

    expect(run(repository, '--check').summary).toContain('2 of 2 resources would change');
  });

  it('recovered from a kill', async () => {
    using repository = makeRepository(many);
    await interrupt(repository, 'SIGKILL');

    const report = run(repository);

    expect(report.recovered).toContain('file[/srv/0]');
    expect(report.outcome).toBe('converged');
  });

  it('of chosen tags only: the others are counted, and a tag that nothing has is said', () => {
    const others = '- { kind: directory, path: /srv }\n- { kind: package, names: [curl] }\n';
    using repository = makeRepository(`${motd('hello', '  tags: [text]\n')}${others}`);

    const { stdout } = repository.run(['--check', '--tags', 'text']);
    expect(stdout).not.toMatch(/directory\[\/srv\]|package\[curl\]/);
    expect(stdout).toContain('Plan: 1 to add, 0 to change, 0 to remove, 2 not among the chosen tags');
    const report = run(repository, '--tags', 'txet');
    expect(report.summary).toContain('Nothing to do for these tags (2 differ, but not among the chosen tags)');
    expect(report.summary).toContain('Nothing on this host has the tag "txet"; did you mean "text"?');
  });

  it('taken back by hand, shown and listed', () => {
    using repository = makeRepository(motd('hello'));
    run(repository);
    const root = ['--root', repository.root];

    expect(checked(repository.cli('rollback', ...root, '-o', 'ndjson').stdout).action).toBe('rollback');
    const list = JSON.parse(repository.cli('history', ...root, '-o', 'json').stdout) as Report[];
    expect(list.map(({ action }) => action)).toEqual(['rollback', 'converge']);
    expect(list.flatMap(reportErrors)).toEqual([]);
    expect(reportErrors(JSON.parse(repository.cli('show', 'latest', ...root, '-o', 'json').stdout))).toEqual([]);
    expect(reportErrors(JSON.parse(repository.run(['--check', '-o', 'json']).stdout))).toEqual([]);
  });
});
