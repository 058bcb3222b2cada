import { describe, expect, it } from 'vitest';
import type { Argv, Host } from '../../src/host/host.ts';
import { parseSimulation, reasonIn } from '../../src/resources/apt.ts';
import { parsePackages } from '../../src/resources/dpkg.ts';
import { aptWords, judgeSimulation, needsOf } from '../../src/resources/package-change.ts';
import { restorePackages, wayBack, type SavedPackage } from '../../src/resources/package-undo.ts';
import { packageType } from '../../src/resources/types/package.ts';
import { makeRepository } from '../support/repository.ts';
import { prepare, signal } from './converge-kind.ts';

/** As `dpkg-query` of Debian 12 wrote it. */
const table = parsePackages(`ed\ted\tamd64\tinstall\tinstalled\t1.19-1
jq\tjq\tamd64\thold\tinstalled\t1.6-2.1+deb12u1
libc6:amd64\tlibc6\tamd64\tinstall\tinstalled\t2.36-9+deb12u13
libc6:i386\tlibc6\ti386\tdeinstall\tconfig-files\t2.36-9+deb12u10
nginx-light\tnginx-light\tall\tdeinstall\tconfig-files\t1.22.1-9
broken\tbroken\tall\tinstall\thalf-configured\t1.0
awk\tawk\t\tunknown\tnot-installed\t
`);

const desiredOf = (attributes: object) => prepare(packageType, attributes).desired;
const stateOf = (...names: readonly string[]) => ({
  packages: Object.fromEntries(names.flatMap((name) => (table.find(name) ? [[name, table.find(name)]] : []))),
  kept: [],
  collateral: [],
  faults: [],
  contradicted: [],
});
const diffOf = (attributes: { readonly names: readonly string[] } & object, more: object = {}) =>
  packageType.diff(desiredOf(attributes), { ...stateOf(...attributes.names), ...more } as never);

describe('what a package resource may say', () => {
  it('is known by its name, or by its packages in any order', () => {
    expect(prepare(packageType, { names: ['jq', 'ed'] }).id).toBe('ed jq');
    expect(prepare(packageType, { name: 'tools', names: ['jq', 'ed'] }).id).toBe('tools');
  });

  it.each([
    ['no names', { names: [] }, 'names'],
    ['an option as a name', { names: ['-y'] }, 'expected a package name'],
    ['a file as a name', { names: ['./x.deb'] }, 'expected a package name'],
    ['a removal as a name', { names: ['jq-'] }, 'expected a package name'],
    ['a version in a name', { names: ['jq=1.6'] }, 'expected a package name'],
    ['a name in upper case', { names: ['JQ'] }, 'expected a package name'],
    ['a version of another package', { names: ['jq'], versions: { ed: '1' } }, 'versions.ed: is not among the names'],
    ['a version with a blank', { names: ['jq'], versions: { jq: '1 2' } }, 'expected a version'],
    ['a version that begins like an option', { names: ['jq'], versions: { jq: '-o' } }, 'expected a version'],
    ['a version of what is absent', { names: ['jq'], ensure: 'absent', versions: { jq: '1' } }, 'what is absent has no version'],
    ['the same package twice', { names: ['jq', 'jq'] }, 'has the same package twice'],
    ['a word for hold', { names: ['jq'], hold: 'yes' }, 'hold'],
  ])('refuses %s', (_what, attributes, message) => {
    const { problems } = prepare(packageType, attributes);
    expect(problems.join('\n')).toContain(message);
  });
});

describe('what differs', () => {
  it.each([
    ['nothing', { names: ['ed'] }, []],
    ['nothing: any version will do', { names: ['ed', 'jq'] }, []],
    ['nothing: the version is right', { names: ['ed'], versions: { ed: '1.19-1' } }, []],
    ['nothing: the version begins right', { names: ['jq'], versions: { jq: '1.6-*' } }, []],
    ['nothing: one of several architectures is there', { names: ['libc6', 'libc6:amd64'] }, []],
    ['nothing: only its configuration is left', { names: ['nginx-light', 'awk'], ensure: 'absent' }, []],
    ['a package that is not there', { names: ['curl'] }, [['curl', null, 'installed']]],
    [
      'a package of which only the configuration is left',
      { names: ['nginx-light'] },
      [['nginx-light', 'config-files', 'installed']],
    ],
    ['the architecture that is asked for', { names: ['libc6:i386'] }, [['libc6:i386', 'config-files', 'installed']]],
    ['a half-configured package', { names: ['broken'] }, [['broken', 'half-configured', 'installed']]],
    ['a version', { names: ['ed'], versions: { ed: '1.20-1' } }, [['ed', '1.19-1', '1.20-1']]],
    ['a hold that is missing', { names: ['ed', 'jq'], hold: true }, [['ed hold', false, true]]],
    ['a hold too many', { names: ['ed', 'jq'], hold: false }, [['jq hold', true, false]]],
    ['a package too many', { names: ['ed', 'curl'], ensure: 'absent' }, [['ed', '1.19-1', null]]],
    ['configuration files', { names: ['nginx-light'], ensure: 'absent', purge: true }, [['nginx-light', 'config-files', null]]],
  ])('is %s', (_what, attributes, expected) => {
    const diff = diffOf(attributes);
    expect(diff.action === 'none' ? [] : diff.changes.map(({ field, from, to }) => [field, from, to])).toEqual(expected);
  });

  it('is told with what would go besides', () => {
    const diff = diffOf({ names: ['curl'] }, { collateral: [{ name: 'wget', version: '1.21' }] });
    expect(diff).toMatchObject({ action: 'create', changes: [{ field: 'curl' }, { field: 'wget', from: '1.21', to: null }] });
    expect(packageType.packages?.(desiredOf({ names: ['curl'] }), diff.action === 'none' ? [] : diff.changes)).toEqual([
      { name: 'curl', isRemoved: false },
      { name: 'wget', isRemoved: true },
    ]);
  });
});

describe('the words for apt', () => {
  it.each([
    [{ names: ['ed', 'curl'] }, ['install', 'curl']],
    [{ names: ['curl'], recommends: false }, ['install', '--no-install-recommends', 'curl']],
    [{ names: ['ed'], versions: { ed: '1.2*' } }, ['install', '--allow-downgrades', 'ed=1.2*']],
    [{ names: ['ed', 'curl'], ensure: 'absent' }, ['remove', 'ed']],
    [{ names: ['ed', 'nginx-light'], ensure: 'absent', purge: true }, ['purge', 'ed', 'nginx-light']],
    [{ names: ['ed'], hold: true }, undefined],
  ])('of %j', (attributes, expected) => {
    const desired = desiredOf(attributes);
    expect(aptWords(desired, needsOf(desired, table.find))).toEqual(expected);
  });
});

describe('what apt says', () => {
  const outlook = (attributes: object, output: { exitCode?: number; stdout?: string; stderr?: string }) => {
    const desired = desiredOf(attributes);
    const simulation = parseSimulation({ exitCode: 0, stdout: '', stderr: '', ...output });
    return judgeSimulation(simulation, desired, needsOf(desired, table.find), table);
  };

  it('is read as it stands', () => {
    const stdout = `Inst curl [7.88.1-10] (7.88.1-10+deb12u8 Debian:12/stable [amd64]) []
Remv wget [1.21.3-1+deb12u1]
Purg lynx [2.9]
Inst libcurl4:i386 (7.88.1-10+deb12u8 Debian:12/stable [i386])
Conf curl (7.88.1-10+deb12u8 Debian:12/stable [amd64])
`;
    expect(parseSimulation({ exitCode: 0, stdout, stderr: '' })).toEqual({
      installed: ['curl', 'libcurl4:i386'],
      removed: [
        { name: 'wget', version: '1.21.3-1+deb12u1' },
        { name: 'lynx', version: '2.9' },
      ],
    });
  });

  it.each(['jq', 'jq:amd64'])('is no removal of others when %s itself goes', (name) => {
    const stdout = 'Remv jq [1.6-2.1+deb12u1]\n';
    const { collateral } = outlook({ names: [name], ensure: 'absent' }, { stdout });
    expect(collateral).toEqual([]);
  });

  it.each([
    ['an error', { exitCode: 100, stderr: 'E: Unable to locate package curl\n' }, ['Unable to locate package curl'], true],
    [
      'a missing dependency',
      {
        exitCode: 100,
        stdout: 'The following packages have unmet dependencies:\n curl : Depends: libcurl4 (= 7) but it is not installable\n',
        stderr: 'E: Unable to correct problems, you have held broken packages.\n',
      },
      ['curl : Depends: libcurl4 (= 7) but it is not installable; Unable to correct problems, you have held broken packages.'],
      true,
    ],
    ['nothing', { exitCode: 1 }, ['apt-get exited with 1'], true],
    [
      'an essential package',
      { exitCode: 100, stderr: 'E: Essential packages were removed and -y\n' },
      [expect.stringMatching(/^Ess/)],
    ],
    ['another package', { stdout: 'Inst mawk (1.3 Debian [amd64])\n' }, [expect.stringContaining('only a name')]],
    ['a removal', { stdout: 'Inst curl (7 D [a])\nRemv wget [1]\n' }, ['apt would remove wget']],
    ['a held package', { stdout: 'Inst curl (7 D [a])\nInst jq [1.6] (1.7 D [a])\n' }, ['jq is on hold']],
  ])('and refuses: %s', (_what, output, faults, isOfIndex = false) => {
    expect(outlook({ names: ['curl'] }, output)).toMatchObject({ faults, isOfIndex });
  });

  it('and removes what it may', () => {
    const { faults, collateral } = outlook(
      { names: ['curl'], may_remove: ['wget'] },
      { stdout: 'Inst curl (7 D [a])\nRemv wget [1]\n' },
    );
    expect({ faults, collateral }).toEqual({ faults: [], collateral: [{ name: 'wget', version: '1' }] });
  });
});

describe('the way back', () => {
  const saved = (name: string, version: string, status = version === '' ? 'not-installed' : 'installed'): SavedPackage => {
    return { name, version, status, isHeld: false, isAutomatic: false };
  };
  const way = (packages: readonly SavedPackage[], isWhole = false) => {
    const { install, remove, purge } = wayBack({ packages, isWhole, timeout: 1 }, table);
    return { install: install.map(({ name, version }) => `${name} ${version}`), remove, purge };
  };

  it.each([
    ['nothing when nothing moved', [saved('ed', '1.19-1'), saved('curl', '')], {}],
    ['another version', [saved('ed', '1.18')], { install: ['ed 1.18'] }],
    ['what went', [saved('curl', '7'), saved('nginx-light', '1.22')], { install: ['curl 7', 'nginx-light 1.22'] }],
    ['what came', [saved('ed', '')], { remove: ['ed'], purge: ['ed'] }],
    ['what came in the place of its configuration', [saved('ed', '1.0', 'config-files')], { remove: ['ed'] }],
    ['what came only by half', [saved('broken', '')], { remove: ['broken'], purge: ['broken'] }],
    ['what left its configuration', [saved('nginx-light', '')], { purge: ['nginx-light'] }],
  ])('is %s', (_what, packages, expected) => {
    expect(way(packages)).toEqual({ install: [], remove: [], purge: [], ...expected });
  });

  it('knows newcomers where everything was saved', () => {
    const all = table.all
      .filter(({ name }) => name !== 'ed')
      .map(({ fullName, version, status }) => saved(fullName, version, status));
    expect(way(all, true)).toEqual({ install: [], remove: ['ed'], purge: ['ed'] });
  });
});

describe('a package that was broken before', () => {
  const line = (status: string): string => `broken\tbroken\tall\tinstall\t${status}\t1.0\n`;
  const hostWith = (status: string): Host =>
    ({
      stat: () => undefined,
      list: () => [],
      query: ([program]: Argv) =>
        Promise.resolve({ exitCode: 0, stdout: program === 'dpkg-query' ? line(status) : '', stderr: '', signal: null }),
      run: () =>
        Promise.resolve({
          exitCode: 1,
          stdout: '',
          stderr: 'dpkg: error processing package broken (--configure):',
          signal: null,
        }),
    }) as unknown as Host;
  const restore = (was: string, now: string) => {
    const packages = [{ name: 'broken', version: '1.0', status: was, isHeld: false, isAutomatic: false }];
    return restorePackages({ packages, isWhole: false, timeout: 1000 }, hostWith(now), signal);
  };

  it('keeps nothing from being taken back', async () => {
    await expect(restore('half-configured', 'half-configured')).resolves.toEqual({ aside: [] });
  });

  it('is told of when the run has broken it', async () => {
    await expect(restore('installed', 'half-configured')).rejects.toThrow('dpkg: error processing package broken');
  });
});

it('what a script of a package says stands in the reason', () => {
  const said = `Reading package lists...
Setting up broken (1.0) ...
broken: /etc/broken exists
dpkg: error processing package broken (--configure):
 installed broken package post-installation script subprocess returned error exit status 1
Processing triggers for man-db (2.11.2-2) ...
Errors were encountered while processing:
 broken
E: Sub-process /usr/bin/dpkg returned an error code (1)
`;
  expect(reasonIn(said)).toBe(
    'broken: /etc/broken exists; dpkg: error processing package broken (--configure): installed broken package ' +
      'post-installation script subprocess returned error exit status 1; E: Sub-process /usr/bin/dpkg returned an error code (1)',
  );
});

it('under a root it is held, because nothing is run there', () => {
  using repository = makeRepository('- { kind: package, names: [jq] }');

  const { exit, steps } = repository.report();

  expect([exit, steps.map(({ outcome, reason }) => `${outcome}: ${reason}`)]).toEqual([0, ['held: needs a live host']]);
});
