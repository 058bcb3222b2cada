import { readFileSync, statSync } from 'node:fs';
import { PassThrough, Readable } from 'node:stream';
import { expect, it } from 'vitest';
import { largestBundle, longestOrder, visitProtocol, type Order } from '../../src/model/visit.ts';
import { openVisitInput } from '../../src/operations/read-visit.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const never = new AbortController().signal;
const usual = { protocol: visitProtocol, action: 'converge', host: 'box', commit: 'a'.repeat(40), branch: 'main', bundle: 0 };
const line = (change: object): string => `${JSON.stringify({ ...usual, ...change })}\n`;
const read = (text: string) => openVisitInput(Readable.from([Buffer.from(text)]), never).readOrder();

it('an order may leave out what is usual', async () => {
  expect(await read(line({}))).toEqual({ ...usual, tags: [], paranoid: false, health: false });
});

it.each([
  ['a line without an end', line({}).trimEnd(), 'no line of at most 65536 bytes'],
  ['a line that is too long', line({ branch: 'x'.repeat(longestOrder) }), 'no line of at most 65536 bytes'],
  ['a list', '[]\n', 'it is no object'],
  ['another protocol', line({ protocol: 2 }), 'it speaks protocol 2, and this program 1'],
  ['another action', line({ action: 'remove' }), 'its action is neither check nor converge'],
  ['no host', line({ host: '' }), 'it names no host'],
  ['an option as the commit', line({ commit: '--upload-pack=x' }), 'it names no commit'],
  ['a commit of SHA-256', line({ commit: 'a'.repeat(64) }), 'it names no commit'],
  ['no branch', line({ branch: 'x'.repeat(256) }), 'it names no branch'],
  ['more than a bundle can have', line({ bundle: largestBundle + 1 }), 'its bundle has not between'],
  ['less than nothing', line({ bundle: -1 }), 'its bundle has not between'],
  ['half a byte', line({ bundle: 0.5 }), 'its bundle has not between'],
  ['tags that are none', line({ tags: [1] }), 'its tags'],
  ['too many tags', line({ tags: Array.from({ length: 101 }, () => 'x') }), 'its tags'],
  ['a word for whether to be paranoid', line({ paranoid: 'yes' }), 'its paranoid'],
  ['a word for whether to ask for health', line({ health: 'yes' }), 'its health'],
  ['a number as the plan digest', line({ planDigest: 1 }), 'its plan digest'],
  ['a member that nothing reads', line({ force: true }), 'nothing reads: "force"'],
])('%s is no order', async (_title, sent, message) => {
  expect(await read(sent)).toMatchObject({
    type: 'declined',
    exit: 'usage',
    message: expect.stringContaining(message) as string,
  });
});

it('the bundle is what follows, however it is cut up, and no byte more', async () => {
  using directory = temporaryDirectory();
  const bytes = Buffer.from(`${line({ bundle: 5 })}12345678`);
  const input = openVisitInput(Readable.from(Array.from(bytes, (byte) => Buffer.of(byte))), never);

  const bundle = await input.readBundle((await input.readOrder()) as Order, directory.path);

  expect(bundle).toEqual({ path: expect.any(String) as string });
  const { path } = bundle as { path: string };
  expect(readFileSync(path, 'utf8')).toBe('12345');
  expect(statSync(path).mode & 0o777).toBe(0o600);
});

it('a bundle for which there is no room is declined before any of it is read', async () => {
  using directory = temporaryDirectory();
  const stream = new PassThrough();
  const input = openVisitInput(stream, never);
  stream.write(line({ bundle: 1 }));
  const order = (await input.readOrder()) as Order;

  const told = await input.readBundle({ ...order, bundle: 2 ** 50 }, directory.path);

  expect(told).toMatchObject({ type: 'declined', exit: 'error', hint: 'make room' });
});

it('an operator who goes away ends the wait', async () => {
  const gone = new AbortController();
  const waiting = openVisitInput(new PassThrough(), gone.signal).readOrder();
  gone.abort(new Error('the operator has gone'));

  await expect(waiting).rejects.toThrow('the operator has gone');
});
