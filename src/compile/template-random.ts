import { createHash } from 'node:crypto';
import { TemplateFailure } from './template-failure.ts';
import { asNumber, exact, isFloat } from './template-number.ts';
import { stringOf } from './template-text.ts';
import type { Meter, Value } from './template-value.ts';

const size = 624;
const shift = 397;

/** Numbers that are the same for the same seed, on every host and in every run. */
export interface Chance {
  /** A whole number from 0 up to, and without, `limit`, which is at least 1. */
  below(limit: number): number;
}

/**
 * Python's `random.Random(seed)`: the Mersenne Twister MT19937 of Matsumoto and Nishimura, seeded as CPython seeds it. A seed is a
 * text or a whole number.
 */
export function openChance(seed: Value, meter: Meter): Chance {
  meter.spend(size);
  const state = seeded(keyOf(seed, meter));
  let next = size;
  const word = (): number => {
    if (next === size) next = turn(state);
    let value = state[next++]!;
    value ^= value >>> 11;
    value ^= (value << 7) & 0x9d2c5680;
    value ^= (value << 15) & 0xefc60000;
    return (value ^ (value >>> 18)) >>> 0;
  };
  const bits = (count: number): number => (count <= 32 ? word() >>> (32 - count) : word() + (word() >>> (64 - count)) * 2 ** 32);
  return {
    below(limit) {
      const count = limit.toString(2).length;
      for (;;) {
        meter.spend(1);
        const value = bits(count);
        if (value < limit) return value;
      }
    },
  };
}

/** The seed as 32-bit words, the lowest first. */
function keyOf(seed: Value, meter: Meter): number[] {
  let number: bigint;
  if (typeof asNumber(seed) === 'number') {
    if (isFloat(seed)) throw new TemplateFailure('a seed is a text or a whole number');
    number = BigInt(Math.abs(exact(asNumber(seed) as number)));
  } else {
    const text = Buffer.from(stringOf(seed, meter, 'a text or a whole number as seed'));
    number = BigInt(`0x${text.toString('hex')}${createHash('sha512').update(text).digest('hex')}`);
  }
  const words: number[] = [];
  for (; number > 0n; number >>= 32n) words.push(Number(number & 0xffffffffn));
  return words.length > 0 ? words : [0];
}

function seeded(key: readonly number[]): Uint32Array {
  const state = new Uint32Array(size);
  const before = (index: number): number => state[index - 1]! ^ (state[index - 1]! >>> 30);
  state[0] = 19_650_218;
  for (let index = 1; index < size; index++) state[index] = Math.imul(1_812_433_253, before(index)) + index;
  let at = 1;
  const advance = (): void => {
    if (++at < size) return;
    state[0] = state[size - 1]!;
    at = 1;
  };
  for (let round = 0; round < Math.max(size, key.length); round++) {
    const part = round % key.length;
    state[at] = (state[at]! ^ Math.imul(before(at), 1_664_525)) + key[part]! + part;
    advance();
  }
  for (let round = 1; round < size; round++) {
    state[at] = (state[at]! ^ Math.imul(before(at), 1_566_083_941)) - at;
    advance();
  }
  state[0] = 0x80000000;
  return state;
}

/** Makes the next words; gives the index of the first. */
function turn(state: Uint32Array): number {
  for (let index = 0; index < size; index++) {
    const mixed = (state[index]! & 0x80000000) | (state[(index + 1) % size]! & 0x7fffffff);
    state[index] = state[(index + shift) % size]! ^ (mixed >>> 1) ^ (mixed & 1 ? 0x9908b0df : 0);
  }
  return 0;
}
