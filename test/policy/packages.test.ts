import { describe, expect, it } from 'vitest';
import { judge } from '../../src/policy/judge.ts';
import { makeInput, makeStep } from './judge-fixture.ts';

const judged = (hostPolicy: object, name: string, isRemoved = false): readonly string[] =>
  judge(
    makeInput({
      steps: [makeStep(name, { kind: 'package' })],
      pathsOf: () => [],
      packagesOf: () => [{ name, isRemoved }],
      hostPolicy: { packages: hostPolicy },
    }),
  ).problems.map(({ code, message }) => `${code} ${message}`);

describe('packages and the host policy', () => {
  it.each([
    ['everything is allowed unless it says otherwise', {}, 'jq', true],
    ['what a glob matches', { allow: ['nginx*', 'jq'] }, 'nginx-light', false],
    ['removing what a glob matches', { allow: ['jq'] }, 'jq', true],
    ['installing where removing is not', { remove: 'never' }, 'jq', false],
  ])('%s', (_what, hostPolicy, name, isRemoved) => {
    expect(judged(hostPolicy, name, isRemoved)).toEqual([]);
  });

  it.each([
    ['what no glob matches', { allow: ['nginx*'] }, 'jq', false, 'install the package "jq"'],
    ['removing what no glob matches', { allow: ['nginx*'] }, 'jq', true, 'remove the package "jq"'],
    ['anything', { allow: [] }, 'jq', false, 'install the package "jq"'],
    ['removing', { allow: ['jq'], remove: 'never' }, 'jq', true, 'remove the package "jq"'],
  ])('denies %s', (_what, hostPolicy, name, isRemoved, what) => {
    expect(judged(hostPolicy, name, isRemoved)).toEqual([`command-denied the host policy does not allow to ${what}`]);
  });

  it('a glob that cannot be used refuses the run', () => {
    expect(judged({ allow: ['!jq', 'jq'] }, 'jq').join()).toContain('host policy packages.allow has the glob');
  });
});
