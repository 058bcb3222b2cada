import { expect, it } from 'vitest';
import { chooseHost, type HostNames } from '../../src/inventory/choose-host.ts';
import { formatProblem } from '../../src/model/problem.ts';

const hosts = ['allegro', 'bezalel', 'ezra'];

it.each<[string, Partial<HostNames>, string]>([
  ['the name that was asked for, whatever the host policy says', { asked: 'ezra', own: 'allegro', machine: ['bezalel'] }, 'ezra'],
  ['the name in the host policy before that of the machine', { own: 'allegro', machine: ['bezalel'] }, 'allegro'],
  ['the first name of the machine that the inventory has', { machine: ['bezalel.example', 'bezalel'] }, 'bezalel'],
])('a machine is %s', (_title, names, expected) => {
  expect(chooseHost({ hosts }, { asked: undefined, own: undefined, machine: [], ...names })).toEqual({
    host: expected,
    problems: [],
  });
});

it('of many names the first are shown and the rest counted; a name may be the first part of the one that is meant', () => {
  const many = Array.from({ length: 200 }, (_, index) => `node${String(index).padStart(3, '0')}.example`);

  const [problem] = chooseHost({ hosts: many }, { asked: 'node101', own: undefined, machine: [] }).problems;

  expect(problem?.message).toMatch(/\(it has: node000\.example, .*, node004\.example and 195 more\)$/);
  expect(problem?.hint).toBe('did you mean --host node101.example?');
});

it('a name in the host policy is not replaced by that of the machine', () => {
  const { host, problems } = chooseHost({ hosts }, { asked: undefined, own: 'forge', machine: ['bezalel'] });

  expect(host).toBe('forge');
  expect(problems.map(formatProblem)).toEqual([
    'the inventory has no host "forge" (it has: allegro, bezalel, ezra); the host policy says that this is its host: correct one of them, or choose another with --host',
  ]);
});

it('a name that was asked for is not replaced by another that fits', () => {
  const { problems } = chooseHost({ hosts }, { asked: 'alegro', own: 'ezra', machine: ['bezalel'] });

  expect(problems.map(formatProblem)).toEqual([
    'the inventory has no host "alegro" (it has: allegro, bezalel, ezra); did you mean --host allegro?',
  ]);
});
