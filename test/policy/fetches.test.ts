import { describe, expect, it } from 'vitest';
import { judge } from '../../src/policy/judge.ts';
import { makeInput, makeStep } from './judge-fixture.ts';

const judged = (hostPolicy: object, host: string, scheme: 'https' | 'http' | 'ssh'): readonly string[] =>
  judge(
    makeInput({
      steps: [makeStep('app', { kind: 'download' })],
      pathsOf: () => [],
      contactsOf: () => [{ host, scheme }],
      hostPolicy: { fetch: hostPolicy },
    }),
  ).problems.map(({ code, message }) => `${code} ${message}`);

describe('fetching and the host policy', () => {
  it.each([
    ['everything encrypted unless it says otherwise', {}, 'files.example', 'https'],
    ['what a glob matches', { hosts: ['*.example'] }, 'files.example', 'ssh'],
    ['http from this host itself', {}, '127.0.0.1', 'http'],
    ['http where its owner says so', { http: true }, 'files.example', 'http'],
  ] as const)('allow %s', (_what, hostPolicy, host, scheme) => {
    expect(judged(hostPolicy, host, scheme)).toEqual([]);
  });

  it.each([
    ['what no glob matches', { hosts: ['*.example'] }, 'files.test', 'https', 'files.test'],
    ['this host, if it is not in the list', { hosts: [] }, 'localhost', 'http', 'localhost'],
    ['http', {}, 'files.example', 'http', 'files.example without encryption'],
    ['a name that only begins like this host', {}, '127.0.0.1.example', 'http', '127.0.0.1.example without encryption'],
  ] as const)('deny %s', (_what, hostPolicy, host, scheme, what) => {
    expect(judged(hostPolicy, host, scheme)).toEqual([`fetch-denied the host policy does not allow to fetch from ${what}`]);
  });
});
