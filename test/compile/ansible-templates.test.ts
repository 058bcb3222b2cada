import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { noAnsible } from '../support/ansible.ts';
import { refusedTexts, sameFiles, sameTexts, variables } from './jinja-texts.ts';
import { openEngine, scopeOf, somewhere } from './template-rig.ts';

if (noAnsible !== undefined) console.log(`templates: ${noAnsible}`);

/** A text that is one expression would keep its type; Ansible's answers are texts. */
const asText = (text: string): string => `=${text}`;

describe.skipIf(noAnsible !== undefined)('Ansible renders', () => {
  const answers = new Map<string, string | null>();

  beforeAll(() => {
    const texts = [...sameTexts, ...refusedTexts].map(asText);
    const options = { input: JSON.stringify({ variables, texts, files: sameFiles }), cwd: tmpdir(), encoding: 'utf8' } as const;
    const oracle = fileURLToPath(new URL('template-oracle.py', import.meta.url));
    const { stdout, stderr, status } = spawnSync('/usr/bin/python3', [oracle], options);
    if (status !== 0) throw new Error(`the Ansible oracle failed: ${stderr}`);
    for (const [index, answer] of (JSON.parse(stdout) as (string | null)[]).entries()) {
      answers.set([...texts, ...sameFiles][index]!, answer);
    }
  });

  it.each(sameTexts)('as we do: %s', (text) => {
    const { value, problems } = openEngine().evaluate(asText(text), scopeOf(variables), somewhere);

    expect(problems).toEqual([]);
    expect(value).toBe(answers.get(asText(text)));
  });

  it.each(sameFiles)('as we do in a file: %s', (text) => {
    const { value, problems } = openEngine().renderFile('templates/a.j2', text, scopeOf(variables), 'templates');

    expect(problems).toEqual([]);
    expect(value).toBe(answers.get(text));
  });

  it.each(refusedTexts)('no more than we do: %s', (text) => {
    const { problems } = openEngine().evaluate(asText(text), scopeOf(variables), somewhere);

    expect(problems).toHaveLength(1);
    expect(answers.get(asText(text))).toBeNull();
  });
});
