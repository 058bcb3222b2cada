import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { hostileTexts } from './read-hostile.ts';

const script = new URL('./read-hostile.ts', import.meta.url).pathname;

async function readInChild(name: string): Promise<{ milliseconds: number; megabytes: number; codes: readonly string[] }> {
  const { stdout } = await promisify(execFile)(process.execPath, ['--max-old-space-size=64', script, name], { timeout: 30_000 });
  return JSON.parse(stdout);
}

const valid = ['1 MiB of spaces', '1 MiB of escapes'];

describe('a hostile YAML file', () => {
  it.concurrent.each(Object.keys(hostileTexts))(
    'is read or refused in under 2 s and 256 MiB: %s',
    async (name) => {
      const { milliseconds, megabytes, codes } = await readInChild(name);

      expect(codes.every((each) => each === '')).toBe(valid.includes(name));
      expect(milliseconds).toBeLessThan(2_000);
      expect(megabytes).toBeLessThan(256);
    },
    60_000,
  );
});
