import { expect, it } from 'vitest';
import { findResources } from '../../src/operations/find-resources.ts';
import { loadResourceTypes } from '../../src/resources/registry.ts';

await loadResourceTypes();

const at = (kind: string, id: string, desired: object) => ({ address: `${kind}[${id}]`, kind, id, desired });
const all = [
  at('package', 'curl,htop', { names: ['curl', 'htop'] }),
  at('cron', 'root/job', { in: 'crontab', user: 'root', name: 'job' }),
  at('group', 'ops', { name: 'ops.all' }),
];

it.each([
  ['htop', 'package[curl,htop]'],
  ['job', 'cron[root/job]'],
  ['cron[job]', 'cron[root/job]'],
  ['group[job]', undefined],
  ['ops.all', 'group[ops]'],
])('%s is %s', (target, address) => {
  expect(findResources(all, target).resources[0]?.address).toBe(address);
});
