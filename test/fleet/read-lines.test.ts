import { Readable } from 'node:stream';
import { expect, it } from 'vitest';
import { readLines } from '../../src/fleet/read-lines.ts';

const mebibyte = Buffer.alloc(1024 * 1024, 'x');

it('of lines that are too long together the longest is given up, and the others are read to their ends', async () => {
  const ending = Promise.withResolvers<void>();
  const answers = [];
  for (const length of [60, 50, 30]) {
    const { promise: taken, resolve } = Promise.withResolvers<void>();
    const source = async function* () {
      for (let sent = 0; sent < length; sent++) yield mebibyte;
      resolve();
      await ending.promise;
      yield Buffer.from('\n');
    };
    answers.push(readLines(Readable.from(source(), { highWaterMark: 1 })).next());
    await taken;
  }
  ending.resolve();

  const [longest, ...others] = await Promise.allSettled(answers);

  expect(longest).toMatchObject({ status: 'rejected', reason: { absence: 'garbled', isPassing: true } });
  expect(others.map((each) => each.status === 'fulfilled' && String(each.value.value).length)).toEqual(
    [50, 30].map((length) => length * mebibyte.length),
  );
});
