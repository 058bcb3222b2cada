import { describe, expect, it } from 'vitest';
import type { PathMode } from '../../src/model/plan.ts';
import { judge } from '../../src/policy/judge.ts';
import { makeInput } from './judge-fixture.ts';

const said = (mode: PathMode, hostPolicy: object = {}) =>
  judge(makeInput({ hostPolicy, modesOf: () => [mode] })).problems.map(({ code, message }) => [code, message]);
const path = '/srv/bin/tool';

describe('a mode', () => {
  it.each([
    ['4755', 'it would run with the rights of its owner'],
    ['6711', 'it would run with the rights of its owner'],
    ['2755', 'it would run with the rights of its group'],
    ['0666', 'everybody may write into it'],
  ])('%s of a file is refused', (mode, why) => {
    const message = `the host policy does not allow ${path} to have the mode ${mode}: ${why}`;

    expect(said({ path, mode })).toEqual([['special-mode', message]]);
  });

  it('with which everybody may replace what is in a directory is refused', () => {
    expect(said({ path, mode: '0777', isDirectory: true })).toEqual([
      ['special-mode', expect.stringContaining('everybody may replace what is in it')],
    ]);
  });

  it.each([
    { path, mode: '0775' },
    { path, mode: '1640' },
    { path, mode: '1777', isDirectory: true },
    { path, mode: '2775', isDirectory: true },
  ])('$mode is plain (directory: $isDirectory)', (mode) => {
    expect(said(mode)).toEqual([]);
  });

  it('is for the owner of the host to allow, by path', () => {
    const paths = { special_modes: ['/srv/bin/*'] };

    expect(said({ path, mode: '4755' }, { paths })).toEqual([]);
    expect(said({ path: '/srv/lib/tool', mode: '4755' }, { paths })).toHaveLength(1);
    expect(said({ path, mode: '0755' }, { paths: { special_modes: ['srv/bin'] } })).toEqual([
      ['wrong-type', expect.stringContaining('special_modes')],
    ]);
  });
});
