import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { performInstallation, planInstallation } from '../../src/install/install.ts';
import { linked } from '../../src/install/library.ts';
import { confirm, guardStart, returnedVersion } from '../../src/install/self-update.ts';
import { program } from '../support/run-cli.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const now = Date.parse('2026-11-20T03:00:00Z');

/** A host with an installed version, and a newer one that is being installed with another Node. */
function makeHost(root: string) {
  const bundle = join(root, 'bundle');
  cpSync(dirname(program), bundle, { recursive: true });
  const install = (node: string, onTrial: boolean) => {
    const place = { scope: 'system', root, home: '/root', env: {}, node, bundle, version: '0.1.0' } as const;
    const plan = planInstallation(place);
    return { version: plan.version, isOnTrial: performInstallation(place, plan, { onTrial, now }) };
  };
  const first = install('/opt/old/node', true);
  writeFileSync(join(bundle, 'lib/new.mjs'), '');
  const second = install('/opt/new/node', true);
  const library = join(root, 'usr/local/lib/timmy-reconciler');
  const links = () => [linked(library, 'current'), linked(library, 'confirmed')];
  const nodeOfUnit = () =>
    /^ExecStart=(\S+)/m.exec(readFileSync(join(root, 'etc/systemd/system/timmy-reconciler.service'), 'utf8'))?.[1];
  return { install, first, second, library, links, nodeOfUnit };
}

describe('installing over a version that is confirmed', () => {
  it('puts the new one and its unit on trial, and the first one not', () => {
    using root = temporaryDirectory();
    const { first, second, links, nodeOfUnit } = makeHost(root.path);

    expect([first.isOnTrial, second.isOnTrial]).toEqual([false, true]);
    expect(links()).toEqual([second.version, first.version]);
    expect(nodeOfUnit()).toBe('/opt/new/node');
  });

  it('returns to the old one and its unit when nothing confirms it in time', () => {
    using root = temporaryDirectory();
    const { first, library, links, nodeOfUnit } = makeHost(root.path);
    guardStart(library, now + 120_000);

    expect(links()).toEqual([first.version, first.version]);
    expect(nodeOfUnit()).toBe('/opt/old/node');
  });

  it('may be tried again when it never started: whoever installed it was interrupted', () => {
    using root = temporaryDirectory();
    const { install, second, library } = makeHost(root.path);
    guardStart(library, now + 120_000);

    expect(returnedVersion(library)).toBeUndefined();
    expect(install('/opt/new/node', true)).toEqual({ version: second.version, isOnTrial: true });
    guardStart(library, now);
    guardStart(library, now + 120_000);
    expect(() => install('/opt/new/node', true)).toThrow('was tried here and taken back');
  });

  it('stays when it is confirmed, and is then installed', () => {
    using root = temporaryDirectory();
    const { install, second, library, links } = makeHost(root.path);
    for (const onTrial of [true, false]) expect(() => install('/opt/new/node', onTrial)).toThrow('is not confirmed yet');
    confirm(library);

    expect(links()).toEqual([second.version, second.version]);
    expect(install('/opt/new/node', true)).toEqual({ version: second.version, isOnTrial: false });
  });
});
