import { afterEach, expect, it, vi } from 'vitest';
import { openRolloutGate } from '../../../src/fleet/rollout/rollout-gate.ts';

afterEach(() => void vi.useRealTimers());
const signal = new AbortController().signal;
const ignore = (): void => undefined;

it('a time that is waited for is no longer where the clock is set back meanwhile', async () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  using gate = openRolloutGate({ wish: ignore as () => undefined }, ignore, signal);
  const waited = gate.wait(300);
  vi.setSystemTime(Date.now() - 3_600_000);

  expect(await waited).toBe(true);
});

it('a wish that cannot be read ends nothing while nobody asks for it, and is told to whoever does', async () => {
  const broken = new Error('EIO: i/o error, read');
  const wish = vi.fn<() => undefined>().mockReturnValueOnce(undefined).mockThrow(broken);
  using gate = openRolloutGate({ wish }, ignore, signal);

  expect(await gate.wait(500)).toBe(true);
  expect(wish.mock.calls.length).toBeGreaterThan(1);
  await expect(gate.pass()).rejects.toBe(broken);
});
