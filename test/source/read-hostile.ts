import { readYaml } from '../../src/source/yaml.ts';

/** Ways to break a YAML reader, each made only when asked for. */
export const hostileTexts: Readonly<Record<string, () => string>> = {
  'a tab error, then 20,000 nested lists': () => `a:\n\tb: 1\nc: ${'['.repeat(20_000)}`,
  '20,000 nested lists in flow style': () => '['.repeat(20_000) + ']'.repeat(20_000),
  '20,000 nested mappings in flow style': () => '{a: '.repeat(20_000),
  '20,000 nested lists in block style': () => '- '.repeat(20_000),
  '20,000 nested mappings in block style': () => Array.from({ length: 1_400 }, (_, i) => `${' '.repeat(i)}a:`).join('\n'),
  '20,000 nested explicit keys': () => '? '.repeat(20_000),
  '200,000 keys': () =>
    Array.from({ length: 200_000 }, (_, i) => `${i.toString(36)}: `)
      .join('\n')
      .slice(0, 1_048_576),
  '200,000 keys in flow style': () =>
    `{${Array.from({ length: 200_000 }, (_, i) => i.toString(36))
      .join(',')
      .slice(0, 1_048_000)}}`,
  '19,000 equal keys': () => 'a: 1\n'.repeat(19_000),
  'an alias bomb': () =>
    ['a: &a [x, x, x, x, x, x, x, x, x, x]']
      .concat([...'bcdefghijklmnop'].map((name, i) => `${name}: &${name} [${`*${'abcdefghijklmnop'[i]},`.repeat(10)}]`))
      .join('\n'),
  'a merge bomb': () =>
    ['a: &a {k: 1}'].concat(Array.from({ length: 3_000 }, (_, i) => `k${i}: &a {<<: [*a, *a, *a], k${i}: 1}`)).join('\n'),
  'an alias to itself': () => 'a: &a [*a, {<<: *a}]\n',
  '100,000 anchors on one value': () => `a: ${'&a '.repeat(95_000)}`,
  '60,000 aliases': () => `a: &a 1\nb: {${'*a '.repeat(60_000)}}`,
  '65,000 complaints': () => `a: {${'"x" '.repeat(65_000)}`,
  '200,000 closing brackets': () => '}'.repeat(200_000),
  '90,000 tags in rows': () => `k: {${'!a\n'.repeat(66_000)}`,
  '1 MiB of comments': () => '#\n'.repeat(524_288),
  '1 MiB of blank lines': () => '\r\n'.repeat(524_288),
  '1 MiB of spaces': () => `a: 'x${' '.repeat(1_048_000)}\n y'\n`,
  '1 MiB of escapes': () => `a: "${'\\"'.repeat(500_000)}`,
  '1 MiB of documents': () => '---\n'.repeat(262_144),
  '1 MiB of directives': () => '%x\n'.repeat(349_000),
  '10 MB': () => 'a'.repeat(10_000_000),
};

const name = process.argv[2];
if (name !== undefined && hostileTexts[name]) {
  const bytes = Buffer.from(hostileTexts[name]());
  const before = process.cpuUsage();
  const results = (['1.1', '1.2'] as const).map((version) => readYaml('x.yaml', bytes, { version }));
  const { user, system } = process.cpuUsage(before);
  const milliseconds = (user + system) / 1000 / 2;
  const codes = results.map(({ problems }) => [...new Set(problems.map(({ code }) => code))].join(' '));
  process.stdout.write(JSON.stringify({ milliseconds, megabytes: process.resourceUsage().maxRSS / 1024, codes }));
}
