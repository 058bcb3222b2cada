import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { openFailureBudget } from '../../../src/agent/doors/failure-budget.ts';
import { openRig } from '../../support/door-rig.ts';

const push = JSON.stringify({ ref: 'refs/heads/main', after: 'a'.repeat(40), repository: { full_name: 'fleet/config' } });

describe('the budget for failures', () => {
  it('gives each address 20, and one more every 5 seconds', () => {
    let time = 0;
    const budget = openFailureBudget(() => time);
    const spent = (count: number): number => Array.from({ length: count }, () => budget('192.0.2.1')).filter(Boolean).length;

    expect(spent(100)).toBe(20);
    time += 4_900;
    expect(spent(1)).toBe(0);
    time += 101;
    expect(spent(2)).toBe(1);
    expect(budget('192.0.2.2')).toBe(true);
  });

  it('gives all addresses together 200, and remembers 1,000 of them', () => {
    let time = 0;
    const budget = openFailureBudget(() => time);
    const address = (index: number): string => `192.0.2.${index % 256}:${index}`;
    const answered = Array.from({ length: 5_000 }, (_, index) => budget(address(index))).filter(Boolean).length;

    expect(answered).toBe(200);
    time += 1_000;
    expect(Array.from({ length: 10 }, (_, index) => budget(address(index))).filter(Boolean)).toHaveLength(5);
  });
});

describe('an address that only fails', () => {
  it('is told 429 and logged no more, and its good hooks still pass', async () => {
    await using rig = await openRig();
    const statuses: number[] = [];
    for (let count = 0; count < 50; count++) statuses.push((await rig.deliver(push, { 'x-gitea-signature': '' })).status);

    const good = await rig.deliver(push);

    expect(statuses.slice(0, 20).every((status) => status === 401)).toBe(true);
    expect(statuses.slice(25).every((status) => status === 429)).toBe(true);
    expect(rig.logged.length).toBeLessThan(25);
    expect(good.status).toBe(202);
  });

  it('is told why also where the clock was set back', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    onTestFinished(() => void vi.useRealTimers());
    await using rig = await openRig();
    const bad = async (): Promise<number> => (await rig.deliver(push, { 'x-gitea-signature': '' })).status;
    expect(await bad()).toBe(401);

    vi.setSystemTime(Date.now() - 86_400_000);

    expect(await bad()).toBe(401);
  });

  it('at the API is told 429 too, and the right token still passes', async () => {
    await using rig = await openRig();
    const statuses: number[] = [];
    for (let count = 0; count < 50; count++) statuses.push((await rig.get('/api/v1/status', 'wrong')).status);

    expect(statuses[0]).toBe(401);
    expect(statuses.at(-1)).toBe(429);
    expect((await rig.get('/api/v1/status', 'canary-token-of-the-api-0123456789-abc')).status).toBe(200);
  });
});
