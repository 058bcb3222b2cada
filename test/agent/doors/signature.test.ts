import { createHmac, createSecretKey, randomBytes } from 'node:crypto';
import { request } from 'node:http';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { isSigned, type Forge } from '../../../src/agent/doors/signature.ts';
import { openRig, previousSecret, secret, sign } from '../../support/door-rig.ts';

const body = JSON.stringify({ ref: 'refs/heads/main', after: 'a'.repeat(40), repository: { full_name: 'fleet/config' } });
const names: Readonly<Record<Forge, { readonly header: string; readonly prefix: string }>> = {
  gitea: { header: 'x-gitea-signature', prefix: '' },
  forgejo: { header: 'x-forgejo-signature', prefix: '' },
  github: { header: 'x-hub-signature-256', prefix: 'sha256=' },
};
const good = sign(body);
const mac = (algorithm: string): string => createHmac(algorithm, secret).update(body).digest('hex');

/** What is sent in the place of the right signature; `of` adds the forge's prefix. */
const faults: readonly (readonly [
  title: string,
  given: (of: (digits: string) => string) => string | readonly string[] | undefined,
])[] = [
  ['no signature', () => undefined],
  ['an empty signature', () => ''],
  ['only the prefix', (of) => of('')],
  ['upper case', (of) => of(good.toUpperCase())],
  ['63 digits', (of) => of(good.slice(1))],
  ['65 digits', (of) => of(`${good}0`)],
  ['128 digits', (of) => of(good + good)],
  ['the right one twice in one header', (of) => `${of(good)}, ${of(good)}`],
  ['the right one in two headers', (of) => [of(good), of(good)]],
  ['a wrong and the right one in two headers', (of) => [of('0'.repeat(64)), of(good)]],
  ['the right one and an empty one in two headers', (of) => [of(good), '']],
  ['an unknown prefix', () => `hmac=${good}`],
  ['the prefix in upper case', () => `SHA256=${good}`],
  ['the prefix twice', () => `sha256=sha256=${good}`],
  ['a sha1 digest', (of) => of(mac('sha1'))],
  ['a sha1 digest that calls itself so', () => `sha1=${mac('sha1')}`],
  ['the first half of a sha512 digest', (of) => of(mac('sha512').slice(0, 64))],
  ['base64', (of) => of(Buffer.from(good, 'hex').toString('base64'))],
  ['letters that are no digits', (of) => of(`${good.slice(0, 63)}g`)],
  ['digits of another script', (of) => of(`\u00b2${good.slice(1)}`)],
  ['a zero before the digits', (of) => of(`0x${good}`)],
  ['quotes', (of) => of(`"${good}"`)],
  ['only zeros', (of) => of('0'.repeat(64))],
  ['the last digit changed', (of) => of(good.slice(0, 63) + (good.endsWith('0') ? '1' : '0'))],
  ['the first digit changed', (of) => of((good.startsWith('0') ? '1' : '0') + good.slice(1))],
  ['a wrong secret', (of) => of(sign(body, 'another-secret-that-is-long-enough-123'))],
  ['no secret at all', (of) => of(sign(body, ''))],
  ['the secret with the newline of its file', (of) => of(sign(body, `${secret}\n`))],
  ['the beginning of the secret', (of) => of(sign(body, secret.slice(0, 32)))],
  ['a digest without a secret', (of) => of(createHmac('sha256', '').update(body).digest('hex'))],
  ['the secret itself', (of) => of(secret)],
  ['the signature of another body', (of) => of(sign(`${body} `))],
  ['the signature of the JSON encoded again', (of) => of(sign(JSON.stringify(JSON.parse(body), null, 2)))],
  ['the signature of no body', (of) => of(sign(''))],
];

async function post(url: string, headers: Readonly<Record<string, string | readonly string[]>>) {
  const call = request(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(headers as object) },
    agent: false,
  });
  call.end(body);
  const [response] = (await once(call, 'response')) as [import('node:http').IncomingMessage];
  return { status: response.statusCode, text: await text(response) };
}

describe.each(['gitea', 'forgejo', 'github'] as const)('a hook of %s', (forge) => {
  const { header, prefix } = names[forge];
  const of = (digits: string): string => prefix + digits;
  const event = { [`x-${forge}-event`]: 'push' };

  it.each(faults)('refuses %s with the one text for all faults', async (_title, given) => {
    await using rig = await openRig();
    const value = given(of);

    const answer = await post(`${rig.url}/hooks/${forge}`, { ...event, ...(value === undefined ? {} : { [header]: value }) });
    const unknown = await post(`${rig.url}/hooks/no-such-hook`, { ...event, [header]: of(good) });

    expect(answer.status).toBe(401);
    expect(answer).toEqual(unknown);
    expect(rig.port.triggers).toEqual([]);
    expect(JSON.stringify([rig.logged, answer])).not.toContain('canary');
  });

  it('takes the right one', async () => {
    await using rig = await openRig();

    expect((await post(`${rig.url}/hooks/${forge}`, { ...event, [header]: of(good) })).status).toBe(202);
  });

  it('takes the right one of the secret before', async () => {
    await using rig = await openRig();

    expect((await post(`${rig.url}/hooks/${forge}`, { ...event, [header]: of(sign(body, previousSecret)) })).status).toBe(202);
  });

  it('does not count the signature header of another forge', async () => {
    await using rig = await openRig();
    const others = Object.values(names).filter((each) => each.header !== header);
    const headers = Object.fromEntries(others.map((each) => [each.header, each.prefix + good]));

    expect((await post(`${rig.url}/hooks/${forge}`, { ...event, ...headers })).status).toBe(401);
  });

  it('does not count two events, or none, as a push', async () => {
    await using rig = await openRig();

    for (const events of [{}, { [`x-${forge}-event`]: ['push', 'push'] }, { [`x-${forge}-event`]: 'Push' }])
      expect((await post(`${rig.url}/hooks/${forge}`, { ...events, [header]: of(good) })).status).toBe(204);
    expect(rig.port.triggers).toEqual([]);
  });
});

it('a random signature is never the right one', () => {
  const keys = [createSecretKey(Buffer.from(secret))];
  const count = process.env['LONG'] === '1' ? 1_000_000 : 20_000;
  let taken = 0;
  for (let tried = 0; tried < count; tried++)
    if (isSigned('gitea', { 'x-gitea-signature': [randomBytes(32).toString('hex')] }, Buffer.from(body), keys)) taken += 1;

  expect(taken).toBe(0);
  expect(isSigned('gitea', { 'x-gitea-signature': [good] }, Buffer.from(body), keys)).toBe(true);
});
