import { describe, expect, it } from 'vitest';
import type { ProblemCode } from '../../src/model/problem.ts';
import { judge } from '../../src/policy/judge.ts';
import { bans, makeInput, makeStep, textWith, withUrl, type InputOptions } from './judge-fixture.ts';

const removals = (count: number) => Array.from({ length: count }, (_, index) => makeStep(`/srv/${index}`, { action: 'remove' }));

describe('one rule at a time', () => {
  const table: readonly (readonly [name: string, options: InputOptions, expected: ProblemCode | 'allow'])[] = [
    ['a plain update', {}, 'allow'],
    ['a revision in quarantine', { quarantinedReason: 'health check failed' }, 'quarantined'],

    [
      'a protected path, written by another kind than the one that may',
      {
        policy: { protected_paths: [{ path: '/**/.ssh/**', except: ['authorized_key'] }] },
        steps: [makeStep('/home/ada/.ssh/authorized_keys')],
      },
      'protected-path',
    ],
    [
      'a protected path, written by the one kind that may',
      {
        policy: { protected_paths: [{ path: '/**/.ssh/**', except: ['authorized_key'] }] },
        steps: [makeStep('/home/ada/.ssh/authorized_keys', { kind: 'authorized_key' })],
      },
      'allow',
    ],
    [
      'a path that another rule protects from that kind too',
      {
        policy: { protected_paths: [{ path: '/**/.ssh/**', except: ['authorized_key'] }, '/root/.ssh/**'] },
        steps: [makeStep('/root/.ssh/authorized_keys', { kind: 'authorized_key' })],
      },
      'protected-path',
    ],
    ['a protected path', { policy: { protected_paths: ['/srv/**'] } }, 'protected-path'],
    ['what stands below a protected directory', { policy: { protected_paths: ['/srv'] } }, 'protected-path'],
    ['what stands below a denied directory', { hostPolicy: { paths: { deny: ['/s*'] } } }, 'protected-path'],
    ['what begins as a protected path does', { policy: { protected_paths: ['/sr', '/srv/ab'] } }, 'allow'],
    [
      'a protected path with a dot name',
      { policy: { protected_paths: ['/srv/**'] }, steps: [makeStep('/srv/.ssh/config')] },
      'protected-path',
    ],
    [
      'a protected path behind a double slash',
      { policy: { protected_paths: ['/srv/secret/**'] }, steps: [makeStep('/srv//secret/./x')] },
      'protected-path',
    ],
    [
      'a protected path that is converged',
      { policy: { protected_paths: ['/srv/**'] }, steps: [makeStep('/srv/a', { action: 'none' })] },
      'allow',
    ],
    [
      'a protected path whose step is held',
      { policy: { protected_paths: ['/srv/**'] }, steps: [makeStep('/srv/a', { held: { reason: 'observe', message: '' } })] },
      'allow',
    ],
    ['a path that the host policy denies', { hostPolicy: { paths: { deny: ['/srv/*'] } } }, 'protected-path'],
    ['a path outside those that the host policy allows', { hostPolicy: { paths: { allow: ['/etc/app/**'] } } }, 'protected-path'],
    ['a path that the host policy allows', { hostPolicy: { paths: { allow: ['/srv/**'] } } }, 'allow'],
    ['a negated glob in the host policy', { hostPolicy: { paths: { allow: ['/**', '!/etc/**'] } } }, 'wrong-type'],
    ['a path of the host policy that is not absolute', { hostPolicy: { paths: { deny: ['srv/a'] } } }, 'wrong-type'],
    ['a path of the host policy that ends in a slash', { hostPolicy: { paths: { deny: ['/srv/a/'] } } }, 'wrong-type'],
    ['a protected path that ends in a blank', { policy: { protected_paths: ['/srv/a '] } }, 'wrong-type'],
    ['a protected path with two slashes', { policy: { protected_paths: ['/srv//a'] } }, 'wrong-type'],
    ['a protected path that climbs', { policy: { protected_paths: ['/srv/b/../a'] } }, 'wrong-type'],
    ['paths in braces', { policy: { protected_paths: ['{/opt,/etc}/**', '**/x', '**'] } }, 'protected-path'],
    ['the host policy itself', { steps: [makeStep('/etc/timmy-reconciler/host.yaml')] }, 'protected-path'],
    ['the state directory', { steps: [makeStep('/var/lib/timmy-reconciler/state.db')] }, 'protected-path'],
    [
      'the state directory by its name',
      { steps: [makeStep('/var/lib/timmy-reconciler', { kind: 'directory' })] },
      'protected-path',
    ],
    ['a name that only begins like it', { steps: [makeStep('/var/lib/timmy-reconciler2/x')] }, 'allow'],
    [
      'a removal above the state directory',
      { steps: [makeStep('/var/lib', { action: 'remove' }), makeStep('/srv/a')] },
      'protected-path',
    ],
    ['a new mode above the state directory', { steps: [makeStep('/var/lib', { kind: 'directory' })] }, 'allow'],
    ['the kernel', { steps: [makeStep('/proc/sys/kernel/hostname')] }, 'protected-path'],
    ['a device', { steps: [makeStep('/dev/sda')] }, 'protected-path'],

    ['a command while the host policy has no list', { commandsOf: () => ['/usr/bin/curl'] }, 'allow'],
    [
      'a command that the host policy allows',
      { hostPolicy: { commands: { allow: ['/usr/bin/*'] } }, commandsOf: () => ['/usr/bin/curl'] },
      'allow',
    ],
    [
      'a command that it does not allow',
      { hostPolicy: { commands: { allow: ['/usr/bin/*'] } }, commandsOf: () => ['/bin/sh'] },
      'command-denied',
    ],
    [
      'a command that climbs out',
      { hostPolicy: { commands: { allow: ['/usr/bin/**'] } }, commandsOf: () => ['/usr/bin/../../tmp/x'] },
      'command-denied',
    ],
    ['a relative command', { hostPolicy: { commands: { allow: ['curl'] } }, commandsOf: () => ['./curl'] }, 'command-denied'],

    ['a unit while the host policy has no list', { unitsOf: () => ['ssh.service'] }, 'allow'],
    [
      'a unit that the host policy allows',
      { hostPolicy: { units: { allow: ['hermes-*'] } }, unitsOf: () => ['hermes-ezra.service'] },
      'allow',
    ],
    [
      'a unit that it does not allow',
      { hostPolicy: { units: { allow: ['hermes-*'] } }, unitsOf: () => ['ssh.service'] },
      'command-denied',
    ],

    ['ten deletions', { steps: [...removals(10), makeStep('/srv/a')], ledgerSize: 100 }, 'allow'],
    ['eleven deletions', { steps: [...removals(11), makeStep('/srv/a')], ledgerSize: 100 }, 'destroy-budget'],
    [
      'eleven deletions that policy allows',
      { policy: { destroy: { max_delete: 11 } }, steps: [...removals(11), makeStep('/srv/a')], ledgerSize: 100 },
      'allow',
    ],
    [
      'the same where the host allows five',
      {
        policy: { destroy: { max_delete: 11 } },
        hostPolicy: { destroy: { max_delete: 5 } },
        steps: [...removals(11), makeStep('/srv/a')],
        ledgerSize: 100,
      },
      'destroy-budget',
    ],
    ['one resource of three', { steps: [...removals(1), makeStep('/srv/a')], ledgerSize: 3 }, 'allow'],
    [
      'one resource of three with a limit of 0 percent',
      { policy: { destroy: { max_delete_percent: 0 } }, steps: [...removals(1), makeStep('/srv/a')], ledgerSize: 3 },
      'destroy-budget',
    ],
    ['two resources of three', { steps: [...removals(2), makeStep('/srv/a')], ledgerSize: 3 }, 'destroy-budget'],
    [
      'a tree that loses eleven files',
      {
        steps: [makeStep('/srv/t', { kind: 'tree', changes: gone(11) })],
        pathsOf: () => gone(11).map(({ field }) => `/srv/t/${field}`),
      },
      'destroy-budget',
    ],
    ['a config that loses eleven keys', { steps: [makeStep('/srv/c.yaml', { kind: 'config', changes: gone(11) })] }, 'allow'],
    [
      'a removed tree of eleven files',
      {
        steps: [makeStep('/srv/t', { kind: 'tree', action: 'remove' }), makeStep('/srv/a')],
        pathsOf: () => gone(11).map(({ field }) => `/srv/t/${field}`),
        ledgerSize: 50,
      },
      'destroy-budget',
    ],
    ['two of ten resources', { steps: [...removals(2), makeStep('/srv/a')], ledgerSize: 10 }, 'allow'],
    [
      'two of ten where the host allows 10 percent',
      { hostPolicy: { destroy: { max_delete_percent: 10 } }, steps: [...removals(2), makeStep('/srv/a')], ledgerSize: 10 },
      'destroy-budget',
    ],
    [
      'a removed tree of ten files and a directory',
      {
        steps: [makeStep('/srv/t', { kind: 'tree', action: 'remove' }), makeStep('/srv/a')],
        pathsOf: ({ resource }) =>
          resource.kind === 'tree' ? [...gone(10).map(({ field }) => `/srv/t/${field}`), '/srv/t/d/'] : [],
        ledgerSize: 50,
      },
      'allow',
    ],
    ['an empty catalog', { steps: removals(1) }, 'empty-catalog'],
    ['a catalog of which nothing can be inspected', { steps: [], catalogSize: 1, ledgerSize: 1 }, 'allow'],
    ['an empty catalog that policy allows', { policy: { allow_empty: true }, steps: removals(1) }, 'allow'],
    ['an empty catalog on a new host', { steps: [], ledgerSize: 0 }, 'allow'],

    [
      'a removal that the plan holds',
      {
        steps: [
          makeStep('/srv/x', { action: 'remove', prune: 'confirm', held: { reason: 'prune', message: '' } }),
          makeStep('/srv/a'),
        ],
      },
      'allow',
    ],
  ];

  it.each(table)('%s', (_name, options, expected) => {
    const verdict = judge(makeInput(options));

    expect(verdict.problems.map(({ code }) => code)).toEqual(expected === 'allow' ? [] : [expected]);
  });
});

describe('what a refusal says', () => {
  it('gives line and column of a match in the repository', () => {
    const { problems } = judge(makeInput({ policy: bans, ...textWith('config', '# é\na: 1\nb: anthropic\n') }));

    expect(problems[0]).toMatchObject({ at: { file: 'desired-state/files/config.yaml', line: 3, column: 4 } });
  });

  it('gives the declaration of the resource whose rendered content matches', () => {
    const { problems } = judge(makeInput({ policy: bans, ...textWith('rendered', 'a\nb anthropic', 'file[/srv/a]') }));

    expect(problems[0]).toMatchObject({ address: 'file[/srv/a]', at: { file: 'roles/web/role.yaml', line: 3 } });
    expect(problems[0]?.message).toContain('line 2, column 3');
  });

  it('never shows the matched text or a password in a URL', () => {
    const canary = 'sk-canary-7f3a';
    const input = makeInput({
      policy: { banned: { patterns: ['key=[a-z0-9-]*'] } },
      ...textWith('live', `key=${canary}`, '/srv/seed'),
      ...withUrl(`https://user:${canary}@api.kimi.example/v1`),
    });

    const shown = JSON.stringify(judge(input));

    expect(judge(input).problems).toHaveLength(2);
    expect(shown).not.toContain(canary);
  });

  it('lists every reason, not only the first', () => {
    const { problems } = judge(
      makeInput({
        policy: { ...bans, protected_paths: ['/srv/**'] },
        hostPolicy: { paths: { allow: ['/opt/**'] }, commands: { allow: ['none'] } },
        ...textWith('config', 'anthropic claude-x'),
        commandsOf: () => ['/bin/a', '/bin/b'],
        quarantinedReason: 'it failed',
      }),
    );

    expect(problems.map(({ code }) => code)).toEqual([
      'quarantined',
      'banned-provider',
      'banned-provider',
      'protected-path',
      'protected-path',
      'command-denied',
      'command-denied',
    ]);
  });

  it.each([
    ['/srv/.ssh/config', '/srv/.ssh/config'],
    ['/srv//.ssh/./config', '/srv/.ssh/config'],
    ['/srv/.ssh/', '/srv/.ssh'],
  ])('names the glob that protects %s', (path, shown) => {
    const { problems } = judge(makeInput({ policy: { protected_paths: ['/*/.ssh/**'] }, steps: [makeStep(path)] }));

    expect(problems.map(({ message }) => message)).toEqual([`${shown} is protected by protected_paths (/*/.ssh/**)`]);
  });

  it('reads no text when nothing is banned', () => {
    const texts = (): never => {
      throw new Error('read');
    };

    expect(judge(makeInput({ texts })).problems).toEqual([]);
  });

  it('lists at most about a hundred matches', () => {
    const texts = Array.from(
      { length: 5_000 },
      (_, index) => ({ where: 'config', name: `f${index}`, text: 'anthropic' }) as const,
    );

    const { problems } = judge(makeInput({ policy: bans, texts: () => texts }));

    expect(problems).toHaveLength(101);
    expect(problems.at(-1)?.message).toContain('4900 more');
  });
});

function gone(count: number) {
  return Array.from({ length: count }, (_, index) => ({ field: `d/${index}`, from: 'x', to: null }));
}
