import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hostPolicyFile } from '../../src/host/host-policy-file.ts';
import { loadHostPolicy } from '../../src/host/host-policy.ts';

let directory: string;
let file: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'host-policy-'));
  file = join(directory, 'host.yaml');
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const load = () => loadHostPolicy({ env: { RECONCILE_HOST_POLICY: file } });
const write = (text: string, mode = 0o644): void => {
  writeFileSync(file, text);
  chmodSync(file, mode);
};

describe('the place', () => {
  it('is in /etc for root', () => {
    expect(hostPolicyFile({ env: { XDG_CONFIG_HOME: directory }, uid: 0 })).toBe('/etc/timmy-reconciler/host.yaml');
  });

  it('is below XDG_CONFIG_HOME for a user who has one there, else in /etc', () => {
    const place = { env: { XDG_CONFIG_HOME: directory }, uid: 1000 };
    expect(hostPolicyFile(place)).toBe('/etc/timmy-reconciler/host.yaml');

    mkdirSync(join(directory, 'timmy-reconciler'));
    writeFileSync(join(directory, 'timmy-reconciler', 'host.yaml'), '');

    expect(hostPolicyFile(place)).toBe(join(directory, 'timmy-reconciler', 'host.yaml'));
  });

  it('is what RECONCILE_HOST_POLICY names', () => {
    expect(hostPolicyFile({ env: { RECONCILE_HOST_POLICY: file } })).toBe(file);
  });
});

describe('the contents', () => {
  it('are read and completed with defaults', () => {
    write('host: allegro\npaths:\n  deny: [/root/**]\nprovider_hosts: [api.kimi.example]\n');

    expect(load()).toMatchObject({
      file,
      problems: [],
      policy: {
        host: 'allegro',
        paths: { allow: ['/**'], deny: ['/root/**'] },
        commands: { allow: ['**'] },
        provider_hosts: ['api.kimi.example'],
        agent: { interval: '5m', heal: true, hooks: [], windows: [] },
        trust: { verify: 'off' },
        notify: [],
      },
    });
  });

  it('of an empty file allow everything', () => {
    write('');

    expect(load()).toMatchObject({ problems: [], policy: { paths: { allow: ['/**'], deny: [] } } });
  });

  it.each([
    ['an unknown key', 'host: a\npats: {}\n', 'unknown-key', 2, 'did you mean "paths"?'],
    ['an unknown key inside', 'paths:\n  alow: []\n', 'unknown-key', 2, 'did you mean "allow"?'],
    ['a wrong type', 'paths:\n  allow: 7\n', 'wrong-type', 2, undefined],
    ['a list in place of a mapping', '- a\n', 'wrong-type', 1, undefined],
    ['an interval that is none', 'agent:\n  interval: 0s\n', 'wrong-type', 2, undefined],
    ['an interval of a year', 'agent:\n  interval: 365d\n', 'wrong-type', 2, undefined],
    ['broken YAML', 'paths: [\n', 'yaml-syntax', undefined, undefined],
  ])('with %s are a problem and allow nothing', (_name, text, code, line, hint) => {
    write(text);

    const { policy, problems } = load();

    expect(problems[0]).toMatchObject({ code, ...(line && { at: { file, line } }), ...(hint && { hint }) });
    expect(policy).toMatchObject({ paths: { allow: [], deny: ['/**'] }, commands: { allow: [] }, provider_hosts: [] });
  });
});

describe('the file', () => {
  it('named by RECONCILE_HOST_POLICY must exist', () => {
    expect(load()).toMatchObject({ problems: [{ code: 'missing-file' }], policy: { paths: { allow: [] } } });
  });

  it.skipIf(existsSync('/etc/timmy-reconciler/host.yaml'))('may be absent where nobody names it', () => {
    expect(loadHostPolicy({ env: { XDG_CONFIG_HOME: directory }, uid: 4242 })).toMatchObject({
      problems: [],
      policy: { paths: { allow: ['/**'] } },
    });
  });

  it.each([0o664, 0o646])('with mode %o is refused', (mode) => {
    write('host: a\n', mode);

    expect(load()).toMatchObject({
      problems: [{ code: 'unsafe-target', hint: `chmod go-w ${file}` }],
      policy: { paths: { allow: [] } },
    });
  });

  it('in a directory that others can write is refused', () => {
    write('host: a\n');
    chmodSync(directory, 0o777);

    expect(load().problems).toMatchObject([{ code: 'unsafe-target', hint: `chmod go-w ${directory}` }]);
  });

  it('of another user is refused', () => {
    write('host: a\n');
    const isRoot = process.getuid?.() === 0;
    if (isRoot) for (const path of [file, directory]) chownSync(path, 4242, 4242);

    const { problems } = loadHostPolicy({ env: { RECONCILE_HOST_POLICY: file }, uid: 4343 });

    expect(problems[0]?.message).toContain('belongs to another user');
  });

  it('behind a symbolic link is refused', () => {
    writeFileSync(join(directory, 'real.yaml'), 'host: a\n');
    symlinkSync('real.yaml', file);

    expect(load().problems[0]?.message).toContain('symbolic link');
  });

  it('that is a directory is refused', () => {
    mkdirSync(file);

    expect(load().problems[0]?.message).toContain('not a regular file');
  });
});
