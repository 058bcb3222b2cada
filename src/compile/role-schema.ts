import addFormats from 'ajv-formats';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { runWithin, type TimeBudget } from '../model/time-limit.ts';
import { createRegexRunner } from './template-regex.ts';

/** Milliseconds: many times what ajv's first start takes on a small computer. */
const longestCompile = 2000;

const tooLong = 'it takes too long';

/** Compiled once per document. */
const compiled = new WeakMap<object, ValidateFunction | string>();

/** ajv takes its time to start; most roles have no parameters. */
const acceptAll = (() => true) as unknown as ValidateFunction;

/**
 * JSON Schema's own schema takes 15 ms to compile, so that one instance checks every role's. It is kept when it has checked one: what is
 * ended in the middle of compiling is of no use any more.
 */
let metaSchema: Ajv2020 | undefined;

/** What checks the parameters of a role by its own JSON Schema, or why that is none. */
export function roleSchema(schema: object, budget: TimeBudget): ValidateFunction | string {
  if (Object.keys(schema).length === 0) return acceptAll;
  const known = compiled.get(schema);
  if (known !== undefined) return known;
  let made: ValidateFunction | string;
  try {
    const done = runWithin(budget, longestCompile, () => compileSchema({ type: 'object', ...schema }));
    // Another host may have time for it.
    if (!done && budget.left <= 0) return tooLong;
    made = done?.value ?? tooLong;
  } catch (error) {
    made = (error as Error).message.slice(0, 300);
  }
  compiled.set(schema, made);
  return made;
}

/** JSON Schema's patterns are ECMAScript's. The older mode is for needless escapes; Python's anchors would be letters in it. */
function readSchemaPattern(pattern: string): RegExp {
  try {
    return new RegExp(pattern, 'u');
  } catch (error) {
    if (/(?<!\\)(?:\\\\)*\\[AZ]/.test(pattern)) throw error;
    return new RegExp(pattern);
  }
}

/** Each schema has an instance of its own, so that ids of one role mean nothing in another. Throws for what is no schema. */
function compileSchema(schema: object): ValidateFunction {
  const meta = metaSchema ?? new Ajv2020({ strict: false, logger: false });
  const isSchema = meta.validateSchema(schema);
  metaSchema = meta;
  if (!isSchema) throw new Error(meta.errorsText(meta.errors?.slice(0, 1), { dataVar: 'schema' }));
  const regex = createRegexRunner(readSchemaPattern);
  const engine = Object.assign(
    (pattern: string) => {
      // Asked while the schema is compiled: a broken pattern is the role's fault, whatever parameters are given.
      regex(pattern, '', '', () => undefined);
      return {
        test: (text: string) => regex(pattern, '', text, (expression) => expression.test(text)),
        // ajv keeps patterns apart by their text.
        toString: () => pattern,
      };
    },
    { code: 'boundedRegExp' },
  );
  const ajv = new Ajv2020({
    strict: false,
    meta: false,
    validateSchema: false,
    allErrors: true,
    useDefaults: true,
    code: { regExp: engine },
    logger: false,
  });
  addFormats.default(ajv);
  const validate = ajv.compile(schema);
  // It would answer with a promise, which is taken for a yes, and whose no nobody hears.
  if ('$async' in validate) throw new Error('"$async" is no keyword of JSON Schema');
  return validate;
}
