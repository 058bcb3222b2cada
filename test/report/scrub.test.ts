import { expect, it } from 'vitest';
import { noContents } from '../../src/model/catalog.ts';
import { noSecrets, Secret } from '../../src/model/secret.ts';
import { openScrub, type Scrub } from '../../src/report/scrub.ts';

const scrubOf = (...texts: readonly (string | number)[]): Scrub =>
  openScrub({ ...noSecrets, opened: () => texts.map(Secret.of) }, { resources: [], contents: noContents });
const base64 = (text: string): string => Buffer.from(text).toString('base64');

it.each([
  ['whole', 'said canary-a!', 'said <secret>!'],
  ['line by line', 'said canary-b', 'said <secret>'],
  ['both at once', 'canary-a\ncanary-b', '<secret>\n<secret>'],
  ['as JSON', JSON.stringify({ a: 'canary "quoted"' }), '{"a":"<secret>"}'],
  ['as part of a URL', `?a=${encodeURIComponent('canary "quoted"')}`, '?a=<secret>'],
  ['as hexadecimal', Buffer.from('canary-a').toString('hex'), '<secret>'],
  ['as a number', 'port 48151623', 'port <secret>'],
])('takes out a secret %s', (_title, message, expected) => {
  const scrub = scrubOf('canary-a\n', 'first\ncanary-b\n', 'canary "quoted"', 48151623);

  expect(scrub({ message })).toEqual({ message: expected });
});

it.each([0, 1, 2])('takes out base64 of a longer text that has the secret at its character %i', (shift) => {
  const { message } = scrubOf('canary-abcdef')({ message: base64(`${'x'.repeat(shift)}canary-abcdef\n`) });

  expect(message).toContain('<secret>');
  expect(Buffer.from(message.replace('<secret>', ''), 'base64').toString()).not.toContain('nary');
});

it('leaves names alone, and what is told stays valid', () => {
  const scrub = scrubOf('create', 'nfoo', 'file');
  const step = { action: 'create', address: 'file[/a]', diffs: [{ path: '/file', text: 'a\nfoo create\n' }] };

  expect(scrub(step)).toEqual({ ...step, diffs: [{ path: '/file', text: 'a\nfoo <secret>\n' }] });
});

it('takes a long one out of names too, and out of what was looked up by it', () => {
  const scrub = scrubOf('canary-abcdef');
  const address = 'file[/canary-abcdef]';
  const change = { field: 'a.canary-abcdef', from: { 'canary-abcdef': { name: 'x canary-abcdef' } }, to: null };
  const told = { kind: 'canary-abcdef', steps: [{ address, changes: [change], diffs: [{ path: '/canary-abcdef', text: '' }] }] };

  expect(scrub({ ...told, refreshes: [address, { name: address, ok: true }], recovered: [address] })).toEqual({
    kind: 'canary-abcdef',
    steps: [
      {
        address: 'file[/<secret>]',
        changes: [{ field: 'a.<secret>', from: { '<secret>': { name: 'x <secret>' } }, to: null }],
        diffs: [{ path: '/<secret>', text: '' }],
      },
    ],
    refreshes: ['file[/<secret>]', { name: 'file[/<secret>]', ok: true }],
    recovered: ['file[/<secret>]'],
  });
});

it('does not look for texts that are too short to be secrets', () => {
  expect(scrubOf('', 'ab', '\n')({ message: 'abc' })).toEqual({ message: 'abc' });
});

it('finds those that are there among ten thousand, in a report of thousands of texts', () => {
  const secrets = Array.from({ length: 10_000 }, (_, index) => `canary-${index * 7919}!`);
  const steps = Array.from({ length: 5_000 }, (_, index) => ({ summary: `step ${index} said canary-${index * 7919}!` }));

  const scrubbed = scrubOf(...secrets)({ steps });

  expect(scrubbed.steps).toEqual(steps.map((_, index) => ({ summary: `step ${index} said <secret>` })));
});
