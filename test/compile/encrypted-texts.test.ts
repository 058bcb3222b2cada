import { describe, expect, it } from 'vitest';
import { Secret } from '../../src/model/secret.ts';
import { vaultText } from '../support/canaries.ts';
import { compileFiles, siteOf } from './compile-rig.ts';
import { openEngine, scopeOf, somewhere } from './template-rig.ts';

describe('a text of an encrypted file', () => {
  const encrypted = {
    word: Secret.of('canary-word'),
    port: Secret.of(5432),
    dsn: Secret.of('pg://{{ word }}:{{ open }}@canary-host'),
    typed: Secret.of('{{ {"open": [word, port + 1, true]} }}'),
    raw: { __ansible_unsafe: Secret.of('canary {{ x }}') },
    missing: Secret.of('canary {{ nope_canary }}'),
    broken: Secret.of('{% canary'),
    failing: Secret.of('{{ "canary" | from_json }}'),
    circle: Secret.of('canary {{ circle }}'),
  };

  const evaluate = (text: string) => {
    const engine = openEngine();
    return engine.evaluate(text, scopeOf({ open: 'open', ...encrypted }, engine), somewhere);
  };

  it.each([
    ['{{ dsn }}', 'pg://canary-word:open@canary-host'],
    ['<{{ dsn }}> {{ port + 1 }} {{ typed.open[0] }}', '<pg://canary-word:open@canary-host> 5433 canary-word'],
    ['{{ typed.open[1] }}', 5433],
    ['{{ raw }}', 'canary {{ x }}'],
  ])('is a template whose result is a secret: %s', (text, expected) => {
    const { value, problems, touchedSecret } = evaluate(text);

    expect([problems, touchedSecret]).toEqual([[], true]);
    expect(value).toBeInstanceOf(Secret);
    expect((value as Secret).value()).toBe(expected);
  });

  it.each([
    ['missing', 'undefined-variable'],
    ['broken', 'template-syntax'],
    ['failing', 'template-failed'],
    ['circle', 'cycle'],
  ])('that is %s is a problem of that variable, and none of it is told', (name, code) => {
    const { problems } = evaluate(`{{ ${name} }}`);

    expect(problems.map((problem) => problem.code)).toEqual([code]);
    expect(problems[0]!.message).toContain(`"${name}"`);
    expect(JSON.stringify(problems)).not.toContain('canary');
  });
});

it('variables of another host that cannot be decrypted here are one problem, of who asks for them alone', () => {
  const problemsOf = (content: string): readonly string[] =>
    compileFiles({
      'inventory/host_vars/two/vault.yml': vaultText('token: canary\n', 'password'),
      ...siteOf(`- { kind: file, path: /a, content: "${content}" }`),
    }).problems;

  expect(problemsOf('{{ groups.web | length }}')).toEqual([]);
  expect(problemsOf('{{ hostvars.two.token }} {{ hostvars.two.other }}')).toEqual([
    expect.stringContaining('inventory/host_vars/two/vault.yml:1:1  encrypted by ansible-vault, and cannot be decrypted here'),
  ]);
});
