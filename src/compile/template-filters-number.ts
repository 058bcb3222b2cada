import { Secret } from '../model/secret.ts';
import { type Filter, required, type Tools } from './template-call.ts';
import { TemplateFailure } from './template-failure.ts';
import { formatText } from './template-format.ts';
import { asNumber, exact, isFloat, readFloat, readWhole, roundHalfEven, toFloat, WholeFloat } from './template-number.ts';
import { stringOf, toText } from './template-text.ts';
import { isYes, typeName, type Value } from './template-value.ts';

/** What the first letter of a unit multiplies by, the largest first. */
const sizes = [...'YZEPTGMKB'].map((letter, index) => ({ letter, factor: 2 ** (10 * (8 - index)) }));

/** A function of two numbers; its result is a float. */
const calculating = (
  name: string,
  param: string,
  otherwise: number | undefined,
  run: (x: number, y: number) => number,
): Filter => ({
  params: [param],
  run(input, [second = otherwise]) {
    const made = run(numberOf(input), numberOf(required(second, param)));
    if (!Number.isFinite(made)) throw new TemplateFailure(`${name}: there is no such number`);
    return toFloat(made);
  },
});

const shownWith = (format: string, number: number, tools: Tools): string => formatText(format, [number], tools);

/** Filters from and to numbers. */
export const numberFilters: { readonly [name: string]: Filter } = {
  int: {
    params: ['default', 'base'],
    run(input, [otherwise = 0, base = 10], tools) {
      const number = asNumber(input);
      if (typeof number === 'number') return exact(Math.trunc(number));
      if (typeof base !== 'number') throw new TemplateFailure('int: the base is a number');
      const text = typeof input === 'string' || input instanceof Secret ? stringOf(input, tools).trim() : '';
      const float = readFloat(text);
      return readWhole(text, base) ?? (float === undefined ? otherwise : exact(Math.trunc(float)));
    },
  },
  float: {
    params: ['default'],
    run(input, [otherwise = new WholeFloat(0)], tools) {
      const number = asNumber(input);
      if (typeof number === 'number') return toFloat(number);
      const text = typeof input === 'string' || input instanceof Secret ? stringOf(input, tools).trim() : '';
      const read = readFloat(text);
      return read === undefined ? otherwise : toFloat(read);
    },
  },
  abs: { params: [], run: (input) => (isFloat(input) ? toFloat : exact)(Math.abs(numberOf(input))) },
  round: {
    params: ['precision', 'method'],
    run(input, [precision = 0, method], tools) {
      const [number, digits] = [numberOf(input), Math.max(-300, Math.min(300, numberOf(precision)))];
      const how = method === undefined ? 'common' : stringOf(method, tools);
      if (how === 'common') return (isFloat(input) ? toFloat : exact)(roundHalfEven(number, digits));
      if (how !== 'ceil' && how !== 'floor')
        throw new TemplateFailure(`round: the method is common, ceil or floor, found "${how}"`);
      return toFloat(Math[how](number * 10 ** digits) / 10 ** digits);
    },
  },
  pow: calculating('pow', 'y', undefined, (x, y) => x ** y),
  log: calculating('log', 'base', Math.E, (x, base) =>
    base === 10 ? Math.log10(x) : base === Math.E ? Math.log(x) : Math.log(x) / Math.log(base),
  ),
  root: calculating('root', 'base', 2, (x, base) => (base === 2 ? Math.sqrt(x) : x ** (1 / base))),
  human_to_bytes: {
    params: ['default_unit', 'isbits'],
    run(input, [defaultUnit, isBits], tools) {
      const text = toText(input, tools);
      const [, digits = '', written] = /^\s*(\d*\.?\d*)\s*([A-Za-z]+)?/.exec(text) ?? [];
      const number = readFloat(digits);
      if (number === undefined) throw new TemplateFailure('human_to_bytes: expected a number with a unit, as in 10MB');
      const unit = written ?? (defaultUnit === undefined || defaultUnit === null ? '' : stringOf(defaultUnit, tools));
      if (unit === '') return exact(roundHalfEven(number, 0));
      const [word, letter] = isYes(isBits, tools) ? ['bit', 'b'] : ['byte', 'B'];
      const factor = sizes.find((size) => size.letter === unit[0]!.toUpperCase())?.factor;
      const isKnown = unit.length === 1 || unit[1] === letter || unit.toLowerCase().includes(word);
      if (factor === undefined || !isKnown)
        throw new TemplateFailure(`human_to_bytes: expected a unit of ${word}s: K${letter}, M${letter}, G${letter} and so on`);
      return exact(roundHalfEven(number * factor, 0));
    },
  },
  human_readable: {
    params: ['isbits', 'unit'],
    run(input, [isBits, unit], tools) {
      const number = numberOf(input);
      const wanted = unit === undefined || unit === null ? undefined : stringOf(unit, tools).toUpperCase();
      const isIt = ({ letter, factor }: (typeof sizes)[number]): boolean =>
        wanted === undefined ? number >= factor : wanted === letter;
      const { letter, factor } = sizes.find(isIt) ?? sizes.at(-1)!;
      const word = isYes(isBits, tools) ? 'bits' : 'Bytes';
      return `${shownWith('%.2f', number / factor, tools)} ${factor === 1 ? word : letter + word[0]!}`;
    },
  },
  filesizeformat: {
    params: ['binary'],
    run(input, [binary], tools) {
      const isBinary = isYes(binary, tools);
      const base = isBinary ? 1024 : 1000;
      const number = typeof input === 'string' ? (readFloat(input.trim()) ?? numberOf(input)) : numberOf(input);
      if (number === 1) return '1 Byte';
      if (number < base) return `${Math.trunc(number)} Bytes`;
      const letters = isBinary ? 'KMGTPEZY' : 'kMGTPEZY';
      const known = [...letters].findIndex((_letter, index) => number < base ** (index + 2));
      const power = known < 0 ? letters.length - 1 : known;
      return `${shownWith('%.1f', (base * number) / base ** (power + 2), tools)} ${letters[power]!}${isBinary ? 'iB' : 'B'}`;
    },
  },
};

function numberOf(given: Value): number {
  const value = asNumber(given);
  if (typeof value !== 'number') throw new TemplateFailure(`expected a number, found ${typeName(value)}`);
  return value;
}
