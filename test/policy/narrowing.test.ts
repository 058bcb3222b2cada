import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { judge } from '../../src/policy/judge.ts';
import { makeChain, makeInput, makeStep, slots, type InputOptions } from './judge-fixture.ts';

const { kimi, gemini, local } = slots;
const paths = ['/srv/a', '/srv/b', '/etc/app/x', '/opt/y', '/var/lib/z'];
const globs = ['/srv/**', '/etc/**', '/opt/*', '/**', '/var/lib/z'];
const words = ['kimi', 'anthropic', 'gemini', 'claude-'];

const world = fc.record({
  steps: fc
    .uniqueArray(fc.constantFrom(...paths), { minLength: 1 })
    .chain((chosen) =>
      fc.tuple(...chosen.map((path) => fc.constantFrom('update', 'remove', 'none').map((action) => makeStep(path, { action })))),
    ),
  texts: fc
    .array(fc.constantFrom(...words, 'plain').map((text) => ({ where: 'config', name: 'f', text }) as const))
    .map((texts) => () => texts),
  chains: fc.constantFrom([], [makeChain('a')], [makeChain('a'), makeChain('b')], [makeChain('a', [kimi, gemini, local])]),
  ledgerSize: fc.integer({ min: 1, max: 20 }),
  program: fc.constantFrom('/bin/a', '/usr/bin/b'),
});
const limits = fc.record({ max_delete: fc.integer({ min: 0, max: 5 }), max_delete_percent: fc.integer({ min: 0, max: 100 }) });
const repository = fc.record({
  banned: fc.record({ patterns: fc.subarray(words) }),
  protected_paths: fc.subarray(globs),
  destroy: limits,
  base_urls: fc.constantFrom([], ['https://api.kimi.example/**', 'http://localhost:*/**'], ['http://localhost:*/**']),
});
const host = fc.record({
  paths: fc.record({ allow: fc.subarray(globs, { minLength: 1 }), deny: fc.subarray(globs) }),
  commands: fc.record({ allow: fc.constantFrom(['**'], ['/bin/*'], ['none']) }),
  destroy: limits,
});

type World = Omit<InputOptions, 'policy' | 'hostPolicy'> & { readonly program: string };
const decide = ({ program, ...options }: World, policy: object, hostPolicy: object): 'allow' | 'deny' =>
  judge(makeInput({ ...options, policy, hostPolicy, commandsOf: () => [program] })).problems.length === 0 ? 'allow' : 'deny';

const widest = { destroy: { max_delete: 1_000, max_delete_percent: 100 } };

describe('two policies', () => {
  it('allow a plan only when each of them allows it alone', () => {
    fc.assert(
      fc.property(world, repository, host, (given, ours, theirs) => {
        const alone = [decide(given, ours, widest), decide(given, { ...widest, allow_empty: false }, theirs)];

        expect(decide(given, ours, theirs)).toBe(alone.includes('deny') ? 'deny' : 'allow');
      }),
    );
  });

  it('deny what they denied when a rule is added or a limit lowered', () => {
    fc.assert(
      fc.property(world, repository, host, repository, limits, (given, ours, theirs, more, lower) => {
        fc.pre(decide(given, ours, theirs) === 'deny');
        const narrower = {
          ...ours,
          banned: { patterns: [...ours.banned.patterns, ...more.banned.patterns] },
          protected_paths: [...ours.protected_paths, ...more.protected_paths],
          destroy: {
            max_delete: Math.min(ours.destroy.max_delete, lower.max_delete),
            max_delete_percent: Math.min(ours.destroy.max_delete_percent, lower.max_delete_percent),
          },
        };

        expect(decide(given, narrower, theirs)).toBe('deny');
        expect(decide(given, ours, { ...theirs, paths: { ...theirs.paths, deny: [...theirs.paths.deny, '/opt/*'] } })).toBe(
          'deny',
        );
      }),
    );
  });

  it('give the repository no way to widen the host policy', () => {
    fc.assert(
      fc.property(world, repository, host, (given, ours, theirs) => {
        fc.pre(decide(given, { ...widest, allow_empty: true }, theirs) === 'deny');

        expect(decide(given, ours, theirs)).toBe('deny');
      }),
    );
  });
});
