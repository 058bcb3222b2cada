import { sha256 } from '../model/json.ts';

/** Of the columns of a row, which tells that they are what was written. */
export const checksum = (...values: readonly unknown[]): string => sha256(JSON.stringify(values));
