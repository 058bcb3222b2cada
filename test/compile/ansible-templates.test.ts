import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { noAnsible } from '../support/ansible.ts';
import { readYaml } from '../../src/source/yaml.ts';
import { dailyFiles, dailyRefused, dailyStatements, dailyTexts, dailyVariables } from './jinja-daily.ts';
import { detailRefused, detailTexts, detailVariables } from './jinja-details.ts';
import { refusedTexts, sameFiles, sameTexts, variables } from './jinja-texts.ts';
import { openEngine, scopeOf, somewhere } from './template-rig.ts';

if (noAnsible !== undefined) console.log(`templates: ${noAnsible}`);

/** A text that is one expression would keep its type; Ansible's answers are texts. */
const asText = (text: string): string => `=${text}`;

const oracle = fileURLToPath(new URL('template-oracle.py', import.meta.url));

/** What Ansible makes of texts and files with these variables, which are YAML; null where it fails. */
function askAnsible(yaml: string, texts: readonly string[], files: readonly string[]): ReadonlyMap<string, string | null> {
  const options = { input: JSON.stringify({ variables: yaml, texts, files }), cwd: tmpdir(), encoding: 'utf8' } as const;
  const { stdout, stderr, status } = spawnSync('/usr/bin/python3', [oracle], options);
  if (status !== 0) throw new Error(`the Ansible oracle failed: ${stderr}`);
  const answers = JSON.parse(stdout) as (string | null)[];
  return new Map([...texts, ...files].map((text, index) => [text, answers[index] ?? null]));
}

const inventoryScope = (yaml: string) => {
  const { loaded } = readYaml('inventory/group_vars/all.yml', Buffer.from(yaml), { version: '1.1' });
  return scopeOf(loaded?.value as object, undefined, undefined, loaded?.isFloat);
};
const tables = [
  {
    what: 'the whole language',
    yaml: JSON.stringify(variables),
    scope: scopeOf(variables),
    same: sameTexts,
    files: sameFiles,
    refused: refusedTexts,
  },
  {
    what: 'what people write every day',
    yaml: dailyVariables,
    scope: inventoryScope(dailyVariables),
    same: [...dailyTexts, ...dailyStatements],
    files: dailyFiles,
    refused: dailyRefused,
  },
  {
    what: 'the details',
    yaml: detailVariables,
    scope: inventoryScope(detailVariables),
    same: detailTexts,
    files: [],
    refused: detailRefused,
  },
];

describe.skipIf(noAnsible !== undefined).each(tables)('Ansible renders $what', ({ yaml, scope, same, files, refused }) => {
  let answers: ReadonlyMap<string, string | null>;

  beforeAll(() => {
    answers = askAnsible(yaml, [...same, ...refused].map(asText), files);
  }, 120_000);

  it.each(same)('as we do: %s', (text) => {
    const { value, problems } = openEngine().evaluate(asText(text), scope, somewhere);

    expect(problems).toEqual([]);
    expect(value).toBe(answers.get(asText(text)));
  });

  it.each(files)('as we do in a file: %j', (text) => {
    const { value, problems } = openEngine().renderFile('templates/a.j2', text, scope, ['templates']);

    expect(problems).toEqual([]);
    expect(value).toBe(answers.get(text));
  });

  it.each(refused)('no more than we do: %s', (text) => {
    const { problems } = openEngine().evaluate(asText(text), scope, somewhere);

    expect(problems).toHaveLength(1);
    expect(answers.get(asText(text))).toBeNull();
  });
});
