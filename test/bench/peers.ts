import { execFileSync, spawnSync } from 'node:child_process';
import { accessSync, chmodSync, constants, existsSync, mkdirSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { Command } from './measure.ts';
import { filesBelow } from './trees.ts';

/** One way to bring `source` to `target`, in the form that its users would choose. Undefined: not installed. */
export type Peer = (source: string, target: string, work: string) => Command | undefined;

export const peers = {
  'rsync -a': (source, target) => rsync('rsync -a', ['-a', '--delete'], source, target),
  'rsync -ac': (source, target) => rsync('rsync -ac', ['-ac', '--delete'], source, target),
  'rsync -n -c': (source, target) => rsync('rsync -n -c', ['-aci', '-n', '--delete'], source, target),
  'cp -a': (source, target) => ({ name: 'cp -a', argv: ['/bin/cp', '-a', `${source}/.`, target] }),
  'git status': (source) => {
    const git = find('git');
    return git ? { name: 'git status', argv: [git, 'status', '--porcelain'], cwd: source } : undefined;
  },
  cfengine,
  puppet,
  'ansible synchronize': ansible,
} as const satisfies Record<string, Peer>;

export type PeerName = keyof typeof peers;

/** Makes a directory a git checkout with everything committed, as a reconciler without a target of its own would have it. */
export function makeCheckout(directory: string): void {
  const git = (...argv: readonly string[]): void =>
    void execFileSync('git', ['-c', 'user.name=bench', '-c', 'user.email=bench@example.invalid', '-c', 'gc.auto=0', ...argv], {
      cwd: directory,
      stdio: 'ignore',
    });
  // In every checkout but one made this second the index is younger than the files. In that one each status reads them all.
  const before = Date.now() / 1000 - 60;
  for (const file of filesBelow(directory)) utimesSync(join(directory, file), before, before);
  git('init', '-q', '-b', 'main');
  git('add', '-A');
  git('commit', '-q', '-m', 'bench');
}

function find(program: string): string | undefined {
  const directories = `/opt/puppetlabs/bin${delimiter}/usr/sbin${delimiter}/usr/bin${delimiter}/bin`.split(delimiter);
  return directories
    .map((directory) => join(directory, program))
    .find((file) => {
      try {
        accessSync(file, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

function rsync(name: string, options: readonly string[], source: string, target: string): Command | undefined {
  const program = find('rsync');
  return program ? { name, argv: [program, ...options, `${source}/`, `${target}/`] } : undefined;
}

/** Locks off, so that every run runs; no backup copies; contents compared, because the default comparison leaves drift. */
function cfengine(source: string, target: string, work: string): Command | undefined {
  const agent = find('cf-agent');
  if (!agent) return undefined;
  const home = join(work, 'cfengine');
  for (const part of ['bin', 'inputs', 'masterfiles', 'modules', 'outputs', 'plugins', 'ppkeys', 'reports', 'state'])
    mkdirSync(join(home, part), { recursive: true, mode: 0o700 });
  for (const program of ['cf-agent', 'cf-promises']) {
    const [link, to] = [join(home, 'bin', program), find(program)];
    if (to && !existsSync(link)) symlinkSync(to, link);
  }
  const file = join(work, 'overlay.cf');
  writeFileSync(
    file,
    `body common control { bundlesequence => { "overlay" }; }
bundle agent overlay
{
  files:
    "${target}/." create => "true", copy_from => by_content, depth_search => everything;
}
body copy_from by_content
{
  source => "${source}";
  compare => "digest";
  preserve => "true";
  purge => "true";
  copy_backup => "false";
}
body depth_search everything { depth => "inf"; }
`,
  );
  chmodSync(file, 0o600);
  return { name: 'cfengine', argv: [agent, '-K', '-f', file], env: { CFENGINE_TEST_OVERRIDE_WORKDIR: home } };
}

function puppet(source: string, target: string, work: string): Command | undefined {
  const program = find('puppet');
  if (!program) return undefined;
  const home = join(work, 'puppet');
  const file = join(work, 'overlay.pp');
  writeFileSync(
    file,
    `file { '${target}': ensure => directory, recurse => true, purge => true, force => true, source => '${source}', source_permissions => use }\n`,
  );
  const places = ['conf', 'var', 'log', 'run', 'ssl', 'code'].flatMap((place) => {
    mkdirSync(join(home, place), { recursive: true });
    return [`--${place}dir`, join(home, place)];
  });
  return { name: 'puppet', argv: [program, 'apply', ...places, file] };
}

function ansible(source: string, target: string, work: string): Command | undefined {
  const [program, doc] = [find('ansible-playbook'), find('ansible-doc')];
  if (!program || !doc) return undefined;
  const env = {
    ANSIBLE_LOCALHOST_WARNING: '0',
    ANSIBLE_INVENTORY_UNPARSED_WARNING: '0',
    HOME: join(work, 'home'),
    PATH: '/usr/bin:/bin',
  };
  const modules = spawnSync(doc, ['-t', 'module', '-l', 'ansible.posix'], { env, encoding: 'utf8' });
  if (!modules.stdout.includes('synchronize')) return undefined;
  const file = join(work, 'overlay.yml');
  const options = `{ src: "${source}/", dest: "${target}/", checksum: true, delete: true }`;
  writeFileSync(
    file,
    `- hosts: localhost\n  connection: local\n  gather_facts: false\n  tasks:\n    - ansible.posix.synchronize: ${options}\n`,
  );
  return { name: 'ansible synchronize', argv: [program, file], env };
}
