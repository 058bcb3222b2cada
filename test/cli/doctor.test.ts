import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { runCli } from '../support/run-cli.ts';
import { makeSite, siteWith, type TempSite } from '../support/temp-site.ts';

interface Finding {
  readonly name: string;
  readonly ok: boolean;
  readonly found: string;
  readonly fix?: string;
}

let site: TempSite;
beforeEach(() => {
  site = makeSite({ 'desired-state/site.yaml': siteWith('[]') });
});
afterEach(() => site.dispose());

const doctor = (env: Readonly<Record<string, string>>, ...args: readonly string[]) => {
  const { exit, stdout } = runCli(['doctor', '-o', 'json', ...args], {
    cwd: site.source,
    env: { RECONCILE_STATE_DIR: site.root, ...env },
  });
  const findings = JSON.parse(stdout) as readonly Finding[];
  return { exit, of: (name: string) => findings.find((finding) => finding.name === name)!, findings };
};

it('every finding that is not ok has a fix, and one of them makes the exit code 1', () => {
  const { exit, findings, of } = doctor({}, '--host', 'nobody');

  expect(of('host')).toMatchObject({ ok: false, found: 'none of nobody is in the inventory' });
  expect(of('host').fix).toContain('demo');
  for (const { ok, fix } of findings) expect(fix === undefined).toBe(ok);
  expect(exit).toBe(1);
});

it('what is fine is ok: Node.js, repository, host', () => {
  const { of } = doctor({}, '--host', 'demo');

  expect([of('Node.js').ok, of('repository').found, of('host').found]).toEqual([true, site.source, 'demo']);
});

it('a state directory that others can enter is found, with chmod as the fix', () => {
  chmodSync(site.root, 0o755);
  expect(doctor({}).of('state directory')).toMatchObject({ ok: false, fix: `chmod 700 ${site.root}` });

  chmodSync(site.root, 0o700);
  expect(doctor({}).of('state directory').ok).toBe(true);
});

it('an age identity that others can read is found, and one that is missing where there are secrets', () => {
  const file = join(site.root, 'age.key');
  mkdirSync(join(site.source, 'desired-state/secrets'));
  writeFileSync(join(site.source, 'desired-state/secrets/token.age'), 'x');
  expect(doctor({ RECONCILE_AGE_KEY_FILE: file }).of('age identity')).toMatchObject({ ok: false });

  writeFileSync(file, 'AGE-SECRET-KEY-1', { mode: 0o644 });
  expect(doctor({ RECONCILE_AGE_KEY_FILE: file }).of('age identity').fix).toContain('chmod 600');

  chmodSync(file, 0o600);
  expect(doctor({ RECONCILE_AGE_KEY_FILE: file }).of('age identity').ok).toBe(true);
});

it('a program that is not on the PATH is found', () => {
  const { of } = doctor({ PATH: '/nonexistent' });

  expect(of('git')).toMatchObject({ ok: false, found: 'no program git on the PATH' });
});
