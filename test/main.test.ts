import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';

/** Puts a program that never ends its work in the place of the real one. */
const stub = `import { registerHooks } from 'node:module';
registerHooks({
  load: (url, context, next) =>
    url.endsWith('/cli/program.ts')
      ? { format: 'module', source: 'export const runProgram = () => new Promise(() => {})', shortCircuit: true }
      : next(url, context),
});`;

it('a program that stops before its work is done says so and does not look well', () => {
  const main = new URL('../src/main.ts', import.meta.url).pathname;
  const flags = ['--import', `data:text/javascript,${encodeURIComponent(stub)}`];

  const { status, stderr } = spawnSync(process.execPath, [...flags, main], { encoding: 'utf8' });

  expect({ status, stderr }).toEqual({ status: 1, stderr: expect.stringContaining('stopped before its work was done') });
});
