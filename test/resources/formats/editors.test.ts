import { parseEnv } from 'node:util';
import fc from 'fast-check';
import { parse as parseIni } from 'ini';
import { describe, expect, it } from 'vitest';
import type { Json } from '../../../src/model/json.ts';
import { editText } from '../../../src/resources/formats/edit-text.ts';
import { formatPath, parsePath, readText } from '../../../src/resources/formats/format.ts';
import { formatByName, formatOfPath, type FormatName } from '../../../src/resources/formats/format-by-name.ts';

type Case = readonly [name: string, before: string, path: string, value: Json | undefined, after: string];

const edit = (name: FormatName, text: string, path: string, value: Json | undefined): string =>
  editText(formatByName[name], text, {
    set: value === undefined ? [] : [[parsePath(path), value]],
    unset: value === undefined ? [parsePath(path)] : [],
  });

const hermes = `# Hermes\r
_config_version: 50\r
model:   # the brain\r
  default: "kimi-k2.5"\r
  # base_url: http://localhost:11434/v1\r
fallback_providers:\r
- provider: openrouter\r
  model: google/gemini-2.5-pro   # slot 2\r
\r
display: {skin: ares,  compact: yes}`;

const tables: { readonly [name in FormatName]: readonly Case[] } = {
  yaml: [
    ['keeps quotes, comments and CRLF', hermes, 'model.default', "it's", hermes.replace('kimi-k2.5', "it's")],
    [
      'adds below the last key of a mapping',
      hermes,
      'model.provider',
      'auto',
      hermes.replace('2.5"\r\n', '2.5"\r\n  provider: auto\r\n'),
    ],
    ['edits a flow mapping', hermes, 'display.compact', false, hermes.replace('yes', 'false')],
    ['adds to a flow mapping', hermes, 'display.streaming', 'on', hermes.replace('yes', 'yes, streaming: "on"')],
    ['adds at the end without a line break', hermes, 'timezone', 'UTC', `${hermes}\r\ntimezone: UTC`],
    [
      'replaces a list in its own style',
      hermes,
      'fallback_providers',
      [{ provider: 'ollama', model: 'gemma4' }],
      hermes.replace(/- prov[^]*slot 2/, '- provider: ollama\r\n  model: gemma4'),
    ],
    ['replaces a list by an empty one', hermes, 'fallback_providers', [], hermes.replace(/:\r\n- prov[^]*slot 2/, ': []')],
    ['gives an empty key a mapping', 'a:   # c\nb: 1\n', 'a.x', 1, 'a:   # c\n  x: 1\nb: 1\n'],
    ['gives an empty key a value', 'a:   # c\nb: 1\n', 'a', 1, 'a: 1   # c\nb: 1\n'],
    ['replaces a text by a mapping', 'a: old  # c\nb: 1\n', 'a.x', 1, 'a:  # c\n  x: 1\nb: 1\n'],
    ['replaces a mapping by a text', 'a: # c\n  x: 1\n  y: 2\nb: 1\n', 'a', 'z', 'a: z # c\nb: 1\n'],
    ['starts an empty file', '', 'a.b', [1, 'x'], 'a:\n  b:\n    - 1\n    - x\n'],
    ['starts after comments', '# only\n', 'a', 1, '# only\na: 1\n'],
    ['takes over the indentation', 'a:\n    b: 1\n', 'c.d', 1, 'a:\n    b: 1\nc:\n    d: 1\n'],
    ['writes lines as lines', 'a: 1\n', 'b', 'x\ny\n', 'a: 1\nb: |\n  x\n  y\n'],
    ['removes a key with its lines', 'a:\n  b: |\n    x\n\n  c: 1\n', 'a.b', undefined, 'a:\n\n  c: 1\n'],
    ['removes a mapping that gets empty', 'a:\n  b: 1\nc: 1\n', 'a.b', undefined, 'c: 1\n'],
    ['keeps a byte order mark', '\uFEFFa: 1\n', 'a', 2, '\uFEFFa: 2\n'],
    ['overrides a merged key', 'x: &x {a: 1}\ny:\n  <<: *x\n', 'y.a', 2, 'x: &x {a: 1}\ny:\n  <<: *x\n  a: 2\n'],
    ...['yes', 'on', 'y', '12:30', '0777', '1_000', 'null', '~', '2026-01-01', '08', '1e3', '.inf', '=', '<<'].map(
      (text): Case => [`writes the text ${text} so that it stays one`, 'a: 1\n', 'a', text, `a: "${text}"\n`],
    ),
    ...['hermes4:14b', 'google/gemini-2.5-pro', 'https://a.example/v1', 'two words'].map((text): Case => [
      `writes the text ${text} plain`,
      'a: 1\n',
      'a',
      text,
      `a: ${text}\n`,
    ]),
  ],
  json: [
    ['keeps the style', '{\n\t"a" : 1,\n\t"b": {"c":2}\n}', 'b.d', [1], '{\n\t"a" : 1,\n\t"b": {"c":2, "d":[1]}\n}'],
    ['adds a line', '{\n  "a": 1\n}\n', 'b.c', true, '{\n  "a": 1,\n  "b": {\n    "c": true\n  }\n}\n'],
    ['fills an empty object', '{\r\n  "a": {}\r\n}\r\n', 'a.b', 1, '{\r\n  "a": {\r\n    "b": 1\r\n  }\r\n}\r\n'],
    ['starts an empty file', '', 'a', 1, '{\n  "a": 1\n}\n'],
    ['removes the last member', '{"a":1, "b":2}', 'b', undefined, '{"a":1}'],
    ['removes the only member', '{ "a": 1 }\n', 'a', undefined, '{}\n'],
    ['reads escaped keys', '{"\\u0061": 1}', 'a', 2, '{"\\u0061": 2}'],
  ],
  toml: [
    ['keeps comments and spacing', 'a  =  1 # why\n', 'a', 2, 'a  =  2 # why\n'],
    ['keeps literal quotes', "a = 'C:\\x'\n", 'a', 'C:\\y', "a = 'C:\\y'\n"],
    ['adds to a table', '[t] # c\na = 1\n\n[u]\nb = 2\n', 't.c', 3, '[t] # c\na = 1\nc = 3\n\n[u]\nb = 2\n'],
    ['adds above the first table', '# head\n\n# of t\n[t]\na = 1\n', 'b', 1, '# head\n\nb = 1\n# of t\n[t]\na = 1\n'],
    ['adds a table', 'a = 1\n', 'x.y.z', 'v', 'a = 1\n\n[x.y]\nz = "v"\n'],
    ['follows dotted keys', 'a.b = 1\nc = 2\n', 'a.d', 3, 'a.b = 1\na.d = 3\nc = 2\n'],
    ['edits an inline table', 'a = { b = 1, c = { d = 2 } }\n', 'a.c.d', 3, 'a = { b = 1, c = { d = 3 } }\n'],
    ['adds to an inline table', 'a = { b = 1 }\n', 'a.c.d', 3, 'a = { b = 1, c.d = 3 }\n'],
    ['replaces a list of several lines', 'a = [\n  1, # ]\n  2,\n]\nb = 1\n', 'a', ['x'], 'a = ["x"]\nb = 1\n'],
    ['quotes keys', 'a = 1\n', 'b\\.c', 1, 'a = 1\n"b.c" = 1\n'],
    ['removes a table that gets empty', 'a = 1\n\n[t]\nb = 2\n', 't.b', undefined, 'a = 1\n'],
    [
      'removes a table with those below it',
      '[t]\na = 1\n[t.u]\nb = 1\n# of v\n[v]\nc = 1\n',
      't',
      undefined,
      '# of v\n[v]\nc = 1\n',
    ],
  ],
  ini: [
    ['keeps spacing and comments', '[s]\na   = 1  ; why\n', 's.a', '2', '[s]\na   = 2  ; why\n'],
    ['adds to a section in its style', '[s]\n\ta=1\n[t]\n', 's.b', '2', '[s]\n\ta=1\n\tb=2\n[t]\n'],
    ['adds a section', 'a = 1\n', 's.b', '2', 'a = 1\n\n[s]\nb = 2\n'],
    ['adds above all sections', '[s]\na = 1\n', 'b', '2', 'b = 2\n[s]\na = 1\n'],
    ['writes a list as repeated keys', '[s]\na = 1\nb = 2\n', 's.a', ['1', '3'], '[s]\na = 1\na = 3\nb = 2\n'],
    ['makes one of repeated keys', '[s]\na = 1\na = 3\n', 's.a', '4', '[s]\na = 4\n'],
    ['replaces a value of several lines', '[s]\na =\n  x\n  y\nb = 1\n', 's.a', 'z', '[s]\na =z\nb = 1\n'],
    ['quotes what a comment would cut', '[s]\na = 1\n', 's.a', 'x ; y', '[s]\na = "x ; y"\n'],
    ['removes a section that gets empty', 'a = 1\n\n[s]\nb = 2\n', 's.b', undefined, 'a = 1\n'],
    [
      'finds keys of quoted sections',
      '[remote "origin"]\n\turl = x\n',
      'remote "origin".url',
      'y',
      '[remote "origin"]\n\turl = y\n',
    ],
    [
      'replaces the lines that a backslash joins',
      '[Service]\nExecStart=/bin/a \\\n    --to=b \\\n    c\nUser=x\n',
      'Service.ExecStart',
      '/bin/b',
      '[Service]\nExecStart=/bin/b\nUser=x\n',
    ],
    [
      'replaces a list of requirements',
      '[options]\ninstall_requires =\n    a>=1\n    b==2\n    https://c.example/d\n',
      'options.install_requires',
      'e',
      '[options]\ninstall_requires =e\n',
    ],
    [
      'leaves the lines of other values',
      '[testenv]\nsetenv =\n    A=1\n    # why\n    B=2\ndeps = x\n',
      'testenv.deps',
      'y',
      '[testenv]\nsetenv =\n    A=1\n    # why\n    B=2\ndeps = y\n',
    ],
    [
      'adds where every program sees a key',
      '[testenv]\nsetenv =\n    A=1\n\n[x]\n',
      'testenv.deps',
      'y',
      '[testenv]\nsetenv =\n    A=1\ndeps =y\n\n[x]\n',
    ],
    ['removes a section with all its lines', '[a]\nx =\n  y=1\n[b]\nz = 1\n', 'a', undefined, '[b]\nz = 1\n'],
  ],
  dotenv: [
    ['keeps export, quotes and comments', 'export A="1" # why\n', 'A', '2 3', 'export A="2 3" # why\n'],
    ['quotes what a shell would read', 'A=1\n', 'A', '$(x) `y`', "A='$(x) `y`'\n"],
    ['puts a single quote into double ones', 'A=1\n', 'A', 'it\'s "5"', 'A="it\'s \\"5\\""\n'],
    ['doubles backslashes where single quotes would halve them', 'A=1\n', 'A', '\\\\b\\c', 'A="\\\\\\\\b\\\\c"\n'],
    ['adds at the end', '# keys\nA=1', 'B', '2', '# keys\nA=1\nB=2'],
    ['edits the assignment that counts', 'A=1\nB=2\nA=3\n', 'A', '4', 'B=2\nA=4\n'],
    ['replaces a text of several lines', 'A="x\ny"\nB=1\n', 'A', 'z', 'A="z"\nB=1\n'],
    ['keeps the blank in front of a comment', 'A=1  # why\nB=1\n', 'A', '2', 'A=2  # why\nB=1\n'],
    ['empties a key in front of a comment', 'A=1 # why\n', 'A', '', "A='' # why\n"],
    ['empties a quoted key in front of a comment', 'A="1" # why\n', 'A', '', 'A="" # why\n'],
    ['takes the sign of a comment for a value', 'A=#x # why\n', 'A', '#x', 'A=#x # why\n'],
    ['replaces what is a comment to sh, and the value to others', 'A= # why\nB=1\n', 'A', '2', 'A=2\nB=1\n'],
    ['empties such a key', 'A= #why\n', 'A', '', 'A=\n'],
    ['writes a dollar anew that is escaped', 'A="\\$x"\n', 'A', '$x', "A='$x'\n"],
    ['writes a grave accent anew that is escaped', 'A="tick\\`s"\n', 'A', 'tick`s', "A='tick`s'\n"],
    ['writes two backslashes in single quotes anew', "A='a\\\\b'\n", 'A', 'a\\\\b', 'A="a\\\\\\\\b"\n'],
    ['writes a line break anew that is escaped', 'A="a\\nb"\n', 'A', 'a\nb', "A='a\nb'\n"],
    ['writes a bare text anew in which sh finds a variable', 'A=a$b\n', 'A', 'a$b', "A='a$b'\n"],
    ['removes every assignment', 'A=1\nB=2\nexport A=3', 'A', undefined, 'B=2'],
  ],
};

describe.each(Object.entries(tables) as [FormatName, readonly Case[]][])('%s', (name, cases) => {
  it.each(cases)('%s', (_name, before, path, value, after) => {
    expect(edit(name, before, path, value)).toBe(after);
    expect(edit(name, after, path, value)).toBe(after);
  });
});

it.each<[FormatName, string, string]>([
  ['yaml', 'a: 1\n\tb: secret', 'not valid YAML at line 2'],
  ['json', '{"a": 1,\n "b": secret}', 'not valid JSON at line 2, column 7'],
  ['json', '{"a": 1, "a": "secret"}', 'the same key twice at line 1, column 10'],
  ['json', '[1]', 'not a JSON object'],
  ['toml', 'a = 1\na = "secret"\n', 'not valid TOML at line 2'],
  ['ini', '[s\nsecret = 1', 'not valid INI at line 1'],
  ['dotenv', 'A=1\nsecret\n', 'not valid dotenv at line 2'],
  ['dotenv', 'A="secret\n', 'a quote that is not closed at line 1'],
  ['json', `{"a": ${'['.repeat(20_000)}${']'.repeat(20_000)}}`, 'nested deeper than 100 levels'],
  ['toml', `a = ${'['.repeat(20_000)}`, 'not valid TOML'],
  ['dotenv', 'A=\0', 'NUL'],
])('%s that cannot be read is refused with a position and without content', (name, text, message) => {
  const read = (): unknown => readText(formatByName[name], text);

  expect(read).toThrow(message);
  expect(read).not.toThrow('secret');
});

it.each<[string, string, string, Json]>([
  ['a table cannot become a value', '[a]\nb = 1\n', 'a', 1],
  ['a list of tables cannot be edited', '[[a]]\nb = 1\n', 'a.b', 1],
])('toml: %s', (_name, text, path, value) => {
  expect(() => edit('toml', text, path, value)).toThrow(/table/);
});

it('an environment file is read as Node reads it', () => {
  // Node takes no backslash in double quotes for an escape.
  const values = fc.string({ unit: fc.constantFrom(...'aZ9 _-$`"\\#=;&|()\n\té') }).filter((value) => !/\\\\|\\$/.test(value));
  fc.assert(
    fc.property(values, (value) => {
      expect(parseEnv(edit('dotenv', '# c\nA=1 # x\nB="2"\n', 'A', value))['A']).toBe(value);
    }),
  );
});

it.each([
  ["it's $5", 'sh, systemd and python-dotenv read it differently'],
  ["it's `x`", 'sh, systemd and python-dotenv read it differently'],
  ['${X}', 'sh, systemd and python-dotenv read it differently'],
  ['\\\\$5', 'sh, systemd and python-dotenv read it differently'],
  ['C:\\', 'sh, systemd and python-dotenv read it differently'],
  ['two\r\nlines', 'control characters'],
  ['\u001b[0m', 'control characters'],
])('dotenv: %j is refused, as no form of it means the same to all readers', (value, message) => {
  expect(() => formatByName.dotenv.fit(['V'], value)).toThrow(message);
  expect(() => edit('dotenv', 'Z=1\n', 'V', value)).toThrow(message);
});

it('an INI file is read as the ini library reads it', () => {
  const values = fc
    .string({ unit: fc.constantFrom(...'aZ9 _-$`"\'\\#=;:[]%é') })
    .filter((value) => !/^(?:true|false|null|)$/.test(value));
  fc.assert(
    fc.property(values, (value) => {
      expect(parseIni(edit('ini', '[s]\na = 1\nb = 2\n', 's.a', value))).toEqual({ s: { a: value, b: '2' } });
    }),
  );
});

const unit = '[Service]\nRestart=no\n  RestartSec=5\n  MemoryMax=1G\nUser=x\n';

it.each<[what: string, text: string, path: string, value: Json | undefined, line: number]>([
  ['a value above indented keys', unit, 'Service.Restart', 'always', 3],
  ['the removal of such a value', unit, 'Service.Restart', undefined, 3],
  ['a key that is indented deeper', unit, 'Service.MemoryMax', '2G', 4],
  ['the removal of such a key', unit, 'Service.RestartSec', undefined, 3],
  ['a value above the key of another', '[core]\nbare = false\n\teditor = vim\n', 'core.bare', 'true', 3],
  ['a value above the key of another, with a colon', '[a]\nb: 1\n  c: 2\n', 'a.b', '2', 3],
  ['a value above a flag', '[mysqld]\nuser = x\n  skip-networking\n', 'mysqld.user', 'y', 3],
  ['a value above an indented key behind a comment', '[a]\nb =\n  c\n  ; why\n  d\n', 'a.b', 'x', 5],
  ['a value above an indented key behind a blank line', '[a]\nb = 1\n\n  c = 2\n', 'a.b', '2', 4],
  ['a key in a section that has an indented header', '[a]\nb = 1\n  [c]\n  d = 2\ne = 3\n', 'a.e', '4', 3],
  ['a new key in such a section', '[a]\nb = 1\n  [c]\n  d = 2\n', 'a.e', '4', 3],
  ['the removal of such a section', '[a]\nb = 1\n  [c]\n  d = 2\n', 'a', undefined, 3],
  ['a value that ends with a backslash above a key', '[a]\ndir = C:\\x\\\nuser = y\n', 'a.dir', 'D:', 3],
])('ini: %s is not edited, as programs read it in two ways', (_name, text, path, value, line) => {
  expect(() => edit('ini', text, path, value)).toThrow(`what stands at line ${line},`);
});

it('an INI value that goes on in indented keys equals no value that can be wanted', () => {
  const tree = readText(formatByName.ini, '[Service]\nRestart=always\n  RestartSec=5\n');

  expect(tree).toEqual({ Service: { Restart: 'always\n  RestartSec=5', RestartSec: '!!ambiguous RestartSec=5' } });
});

it('paths with dots and backslashes survive', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: fc.constantFrom(...'ab.\\') }), { minLength: 1 }), (path) => {
      expect(parsePath(formatPath(path))).toEqual(path);
    }),
  );
});

it.each([
  ['/a/x.yml', 'yaml'],
  ['/a/x.YAML', 'yaml'],
  ['/a/.env', 'dotenv'],
  ['/a/.env.local', 'dotenv'],
  ['/a/app.env', 'dotenv'],
  ['/a/setup.cfg', 'ini'],
  ['/a/x.toml', 'toml'],
  ['/a/x.conf', undefined],
  ['/a.yaml/x', undefined],
])('the format of %s is %s', (path, format) => {
  expect(formatOfPath(path)).toBe(format);
});
