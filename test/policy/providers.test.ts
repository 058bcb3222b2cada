import { expect, it } from 'vitest';
import type { ProblemCode } from '../../src/model/problem.ts';
import { judge } from '../../src/policy/judge.ts';
import { bans, makeChain, makeInput, slots, textWith, withUrl, type InputOptions } from './judge-fixture.ts';
import { processorTime } from '../support/processor-time.ts';

const { kimi, gemini, local } = slots;

const place = { address: 'config[/srv/a]', at: { file: 'roles/web/role.yaml', line: 3, column: 5 } } as const;
const written = (url: string) => ({ urls: () => [{ ...place, url, isHidden: false }] });

const table: readonly (readonly [name: string, options: InputOptions, expected: ProblemCode | 'allow'])[] = [
  ['a text without a ban', { policy: bans, ...textWith('config', 'provider: kimi\n') }, 'allow'],
  ['a banned word in a config', { policy: bans, ...textWith('config', 'provider: Anthropic\n') }, 'banned-provider'],
  [
    'a banned word in the policy itself',
    { policy: bans, ...textWith('config', 'anthropic', 'desired-state/policy.yaml') },
    'allow',
  ],
  [
    'a banned word in a rendered file',
    { policy: bans, ...textWith('rendered', 'x: claude-opus', 'file[/srv/a]') },
    'banned-provider',
  ],
  ['a banned word in a live file', { policy: bans, ...textWith('live', 'ANTHROPIC_API_KEY=x', '/srv/seed') }, 'banned-provider'],
  ['a banned word behind a JSON escape', { policy: bans, ...textWith('rendered', '"\\u0061nthropic"') }, 'banned-provider'],
  [
    'a banned word behind a URL escape',
    { policy: bans, ...textWith('live', 'https://api.%61nthropic.example') },
    'banned-provider',
  ],
  [
    'a line that is banned as a whole',
    { policy: { banned: { patterns: ['^provider: x$'] } }, ...textWith('rendered', 'a: 1\nprovider: x\n') },
    'banned-provider',
  ],
  ['a banned word in wide letters', { policy: bans, ...textWith('config', 'ａｎｔｈｒｏｐｉｃ') }, 'banned-provider'],
  ['a banned word with a soft hyphen', { policy: bans, ...textWith('config', 'anth\u00adropic') }, 'banned-provider'],
  ...(
    [
      ['a long YAML escape', '"\\U00000061nthropic"'],
      ['a short YAML escape', '"\\x61nthropic"'],
      ['a YAML escape of a percent sign', '"https://api.\\x2561nthropic.example"'],
      ['an escaped line break of YAML', 'url: "https://api.anthro\\\n    pic.example/v1"\n'],
      ['two of them, with CRLF', 'url: "https://api.ant\\\r\n    hro\\\r\n    pic.example/v1"\r\n'],
      ['an escaped line break of TOML', 'url = """\\\nanthro\\  \n\n  pic"""\n'],
      ['wide letters in URL escapes', 'https://api.%EF%BD%81nthropic.example'],
      ['a variation selector', 'https://api.an\ufe0fthropic.example'],
    ] as const
  ).map(
    ([hidden, written]) =>
      [`a banned word behind ${hidden}`, { policy: bans, ...textWith('rendered', written) }, 'banned-provider'] as const,
  ),
  [
    'a banned slug behind an escaped slash',
    { policy: { banned: { patterns: ['anthropic/'] } }, ...textWith('live', '{"a": "anthropic\\/x"}') },
    'banned-provider',
  ],
  ['the parts of a banned word in lines of their own', { policy: bans, ...textWith('config', 'anthro\n  pic\n') }, 'allow'],
  ['lines that a backslash joins', { policy: bans, ...textWith('config', 'run anthro \\\n  pic C:\\new\\\n') }, 'allow'],
  [
    'an exempt host path',
    {
      policy: { banned: { ...bans.banned, exempt: ['/srv/training/**'] } },
      ...textWith('live', 'anthropic', 'a', '/srv/training/x'),
    },
    'allow',
  ],
  [
    'an exempt file of the repository',
    {
      policy: { banned: { ...bans.banned, exempt: ['desired-state/files/training/**'] } },
      ...textWith('config', 'anthropic', 'desired-state/files/training/x'),
    },
    'allow',
  ],
  [
    'a path beside the exempt one',
    {
      policy: { banned: { ...bans.banned, exempt: ['/srv/training/**'] } },
      ...textWith('live', 'anthropic', 'a', '/srv/training2/x'),
    },
    'banned-provider',
  ],
  [
    'a banned provider in a chain',
    { policy: bans, chains: [makeChain('a', [{ ...kimi, provider: 'Anthropic' }, gemini, local, local])] },
    'banned-provider',
  ],
  [
    'a banned slug in a chain',
    { policy: bans, chains: [makeChain('a', [{ ...gemini, model: 'anthropic/claude-opus-4' }, kimi, local, local])] },
    'banned-provider',
  ],
  [
    'a banned key in a chain',
    { policy: bans, chains: [makeChain('a', [{ ...kimi, key_env: 'ANTHROPIC_TOKEN' }, gemini, local, local])] },
    'banned-provider',
  ],
  ['a banned host in a chain', { policy: bans, ...withUrl('https://api.anthropic.example/v1') }, 'banned-provider'],
  ['a pattern that does not parse', { policy: { banned: { patterns: ['a('] } } }, 'bad-ban-pattern'],
  ['a pattern that could take for ever', { policy: { banned: { patterns: ['(a+)+$'] } } }, 'bad-ban-pattern'],

  ['a base URL when none are listed', withUrl('https://api.kimi.example:8443/v1'), 'allow'],
  [
    'a base URL that is listed',
    {
      policy: { base_urls: ['https://api.kimi.example/**', 'http://localhost:11434/v1'] },
      ...withUrl('https://API.kimi.example/v1/'),
    },
    'allow',
  ],
  [
    'a base URL that is not listed',
    { policy: { base_urls: ['https://api.kimi.example/**', 'http://localhost:*/**'] }, ...withUrl('https://evil.example/v1') },
    'base-url-denied',
  ],
  [
    'another port than the listed one',
    {
      policy: { base_urls: ['https://*.kimi.example/**', 'http://localhost:*/**'] },
      ...withUrl('https://api.kimi.example:8443/v1'),
    },
    'base-url-denied',
  ],
  [
    'a host that ends like the listed one',
    {
      policy: { base_urls: ['https://*.kimi.example/**', 'http://localhost:*/**'] },
      ...withUrl('https://evil.test/.kimi.example/v1'),
    },
    'base-url-denied',
  ],
  ['a user before the host', withUrl('https://api.kimi.example@evil.example/v1'), 'base-url-denied'],
  ['a backslash', withUrl('https://evil.example\\.kimi.example/v1'), 'base-url-denied'],
  ['a host in punycode', withUrl('https://xn--kmi-rma.example/v1'), 'base-url-denied'],
  ['a host with wide letters', withUrl('https://api.kｉmi.example/v1'), 'base-url-denied'],
  ['an address written as one number', withUrl('http://3221225985/v1'), 'base-url-denied'],
  ['an address in hexadecimal', withUrl('http://0xc0.0.2.1/v1'), 'base-url-denied'],
  ['an IPv4 address inside of an IPv6 one', withUrl('http://[::ffff:192.0.2.1]/v1'), 'base-url-denied'],
  ['the same in its short form', withUrl('http://[::ffff:c000:201]/v1'), 'base-url-denied'],
  ['a plain IPv6 address', withUrl('http://[2001:db8::1]:11434/v1'), 'allow'],
  ['a dot after the host', withUrl('https://api.kimi.example./v1'), 'base-url-denied'],
  ['a query', withUrl('https://api.kimi.example/v1?to=evil'), 'base-url-denied'],
  ['another scheme', withUrl('file:///etc/passwd'), 'base-url-denied'],
  ['a percent escape in the path', withUrl('https://api.kimi.example/%2e%2e/x'), 'base-url-denied'],
  [
    'a host of the host policy',
    { hostPolicy: { provider_hosts: ['api.kimi.example', 'localhost:11434'] }, ...withUrl('https://api.kimi.example/v1') },
    'allow',
  ],
  [
    'a host outside the host policy',
    { hostPolicy: { provider_hosts: ['*.kimi.example', 'localhost:11434'] }, ...withUrl('https://evil.example/v1') },
    'base-url-denied',
  ],
  [
    'a port outside the host policy',
    { hostPolicy: { provider_hosts: ['api.kimi.example', 'localhost:11434'] }, ...withUrl('https://api.kimi.example:22/v1') },
    'base-url-denied',
  ],

  ['a URL that another resource writes, where none are listed', written('https://evil.example/v1'), 'allow'],
  [
    'one that base_urls lists',
    { policy: { base_urls: ['https://api.kimi.example/**'] }, ...written('https://api.kimi.example/v1') },
    'allow',
  ],
  [
    'one that base_urls does not list',
    { policy: { base_urls: ['https://api.kimi.example/**'] }, ...written('https://evil.example/v1') },
    'base-url-denied',
  ],
  [
    'one outside the host policy',
    { hostPolicy: { provider_hosts: ['api.kimi.example'] }, ...written('https://evil.example/v1') },
    'base-url-denied',
  ],
  [
    'one with a user',
    { hostPolicy: { provider_hosts: ['api.kimi.example'] }, ...written('https://u:p@api.kimi.example/v1') },
    'base-url-denied',
  ],

  [
    'a content that cannot be looked into',
    { policy: { base_urls: ['https://api.kimi.example/**'] }, urls: () => [{ ...place, url: undefined, isHidden: false }] },
    'base-url-denied',
  ],

  ['a critical chain as it should be', { chains: [makeChain('a'), makeChain('b', [gemini, kimi, local, local])] }, 'allow'],
  ['two critical agents with the same first slots', { chains: [makeChain('a'), makeChain('b')] }, 'portfolio-rule'],
  [
    'the same slots where one agent is not critical',
    { chains: [makeChain('a'), { ...makeChain('b'), critical: false }] },
    'allow',
  ],
  [
    'two chains of one critical agent',
    { chains: [makeChain('a'), { ...makeChain('a'), address: 'provider_chain[/srv/b]' }] },
    'allow',
  ],
  ['a chain that is too short', { chains: [makeChain('a', [kimi, gemini, local])] }, 'portfolio-rule'],
  [
    'a short chain that policy accepts',
    { policy: { portfolio: { min_slots: 2 } }, chains: [makeChain('a', [kimi, local])] },
    'allow',
  ],
  ['a chain that ends in the network', { chains: [makeChain('a', [kimi, gemini, local, gemini])] }, 'portfolio-rule'],
  [
    'a local name at another host',
    { chains: [makeChain('a', [kimi, gemini, local, { ...local, base_url: 'http://gpu.example:11434/v1' }])] },
    'portfolio-rule',
  ],
  [
    'such a chain when policy asks for no local end',
    { policy: { portfolio: { local_end: false } }, chains: [makeChain('a', [kimi, gemini, local, gemini])] },
    'allow',
  ],
];

it.each(table)('%s', (_name, options, expected) => {
  const verdict = judge(makeInput(options));

  expect(verdict.problems.map(({ code }) => code)).toEqual(expected === 'allow' ? [] : [expected]);
});

it('sees a banned host through the white space that URL parsers drop', () => {
  const { problems } = judge(makeInput({ policy: bans, ...withUrl('https://api.anth\tropic.example/v1') }));

  expect(problems.map(({ code }) => code)).toEqual(['banned-provider', 'base-url-denied']);
});

it('tells the line in which a word stands, also below lines that a backslash joins', () => {
  const content = 'a: "x\\\n  y"\nb: "anthro\\\n\n  pic"\nc: \\x61nthropic-2\n';
  const banned = { patterns: ['anthropic', 'anthropic-2'] };

  const { problems } = judge(makeInput({ policy: { banned }, ...textWith('config', content) }));

  expect(problems.map(({ at }) => at?.line)).toEqual([3, 6]);
});

it('undoes what hides a word in time that grows with the text alone', () => {
  for (const unit of ['\\\n', '\\ ', '\\', '%', '%61', '\\u', '\\U0000', '\u00ad', 'x\\\n\n', '\u0301\u0316', '\u0301\uff9e']) {
    const started = processorTime();

    judge(makeInput({ policy: bans, ...textWith('config', unit.repeat(1_000_000 / unit.length)) }));

    expect(processorTime() - started, JSON.stringify(unit)).toBeLessThan(2000);
  }
});

it('never shows a URL that is secret', () => {
  const urls = ['https://canary.example/v1', 'http://canary/?a'].map((url) => ({ ...place, url, isHidden: true }));

  const { problems } = judge(
    makeInput({ policy: { base_urls: ['http://a/**'] }, hostPolicy: { provider_hosts: ['a'] }, urls: () => urls }),
  );

  expect(problems.map(({ code }) => code)).toEqual(['base-url-denied', 'base-url-denied', 'base-url-denied']);
  expect(JSON.stringify(problems)).not.toContain('canary');
});
