import type * as z from 'zod';
import { expect } from 'vitest';

/** JSON that a program wrote has what its schema says, and nothing that the schema does not know. */
export function expectDocumented(schema: z.ZodType, json: string): void {
  const value: unknown = JSON.parse(json);
  expect(schema.parse(value)).toEqual(value);
}
