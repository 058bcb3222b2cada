import { afterEach, expect, it, vi } from 'vitest';
import { roleSchema } from '../../src/compile/role-schema.ts';

afterEach(() => vi.unstubAllGlobals());

/** Takes no time of the processor. */
const wait = (milliseconds: number): unknown => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);

it('a host that is busy while the first schema is checked accepts it all the same, and those that come after', () => {
  let times = 0;
  const busy: ProxyHandler<FunctionConstructor> = {
    construct(target, values: string[]) {
      if (++times === 1) wait(10_000);
      return new target(...values);
    },
  };
  // What ajv makes of JSON Schema's own schema.
  vi.stubGlobal('Function', new Proxy(Function, busy));

  const made = ['integer', 'string'].map((type) => roleSchema({ properties: { name: { type } } }, { left: 5_000 }));

  expect(made).toEqual([expect.any(Function), expect.any(Function)]);
  expect(times).toBeGreaterThan(1);
});

it('schemas that come when the time of all is over have none, and may have it later', () => {
  const schema = { properties: { late: { type: 'string' } } };

  expect(roleSchema(schema, { left: 0 })).toBe('it takes too long');
  expect(roleSchema(schema, { left: 5_000 })).toEqual(expect.any(Function));
});
