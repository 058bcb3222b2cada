import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { loadHostPolicy } from '../../src/host/host-policy.ts';
import { readVisitPolicy } from '../../src/operations/visit-policy.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

vi.mock('../../src/host/host-policy.ts', { spy: true });
const times = (): number => vi.mocked(loadHostPolicy).mock.calls.length;

let directory: ReturnType<typeof temporaryDirectory>;
let [policy, state] = ['', ''];
beforeEach(() => {
  directory = temporaryDirectory();
  policy = join(directory.path, 'host.yaml');
  state = join(directory.path, 'state');
  vi.stubEnv('RECONCILE_HOST_POLICY', policy);
  vi.mocked(loadHostPolicy).mockClear();
});
afterEach(() => {
  vi.unstubAllEnvs();
  directory[Symbol.dispose]();
});
const write = (text: string): void => writeFileSync(policy, text, { mode: 0o600 });

it('is read from YAML once, and again when the file has changed', async () => {
  write('{ host: box, trust: { verify: "off" } }');
  const first = await readVisitPolicy(state);
  expect(first).toMatchObject({ host: 'box', trust: { verify: 'off' }, problems: [] });
  expect(await readVisitPolicy(state)).toEqual(first);
  expect(times()).toBe(1);

  write('{ host: other }');
  expect(await readVisitPolicy(state)).toMatchObject({ host: 'other' });
  chmodSync(policy, 0o666);
  expect(await readVisitPolicy(state)).toMatchObject({ host: null, problems: [{ code: 'unsafe-target' }] });
  expect(await readVisitPolicy(state)).toMatchObject({ problems: [{ code: 'unsafe-target' }] });
  expect(times()).toBe(4);
});

it('is what a host without a policy has, unless one is required', async () => {
  vi.stubEnv('RECONCILE_HOST_POLICY', '');
  vi.stubEnv('XDG_CONFIG_HOME', directory.path);
  const usual = await readVisitPolicy(state);
  expect(usual).toMatchObject({ host: null, problems: [] });
  expect(await readVisitPolicy(state)).toEqual(usual);
  expect(times()).toBe(1);

  vi.stubEnv('RECONCILE_HOST_POLICY', policy);
  expect(await readVisitPolicy(state)).toMatchObject({ problems: [{ code: 'missing-file' }] });
});

it.each(['', '{', 'null', '{"about":1}'])('what is kept as %j is not used', async (kept) => {
  write('host: box');
  await readVisitPolicy(state);
  const file = join(state, 'visit-policy.json');
  expect(readFileSync(file, 'utf8')).toContain('box');
  writeFileSync(file, kept);

  expect(await readVisitPolicy(state)).toMatchObject({ host: 'box', problems: [] });
  rmSync(file);
  expect(await readVisitPolicy(state)).toMatchObject({ host: 'box' });
});

it('is there where it cannot be kept', async () => {
  write('host: box');
  // As another visit of the same moment, or a full disk, makes the write fail.
  mkdirSync(join(state, 'visit-policy.json.new'), { recursive: true });

  expect(await readVisitPolicy(state)).toMatchObject({ host: 'box', problems: [] });
});
