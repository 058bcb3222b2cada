/** Variables as an inventory has them, read by both sides with their own YAML. */
export const detailVariables = `
ratio: 2.0
tls: true
lines: " first\\n second\\n"
odd: "x\\u0085y\\u2028z\\u2029\\ufeff\\u007f\\tend"
marks: { '=': '=', '<<': '<<' }
`;

/** Where JavaScript and its libraries do almost what Python does. */
export const detailTexts: readonly string[] = [
  "{{ '%s' % tls }} {{ '%s' % (1==1) }} {{ '%5s|' % false }} {{ '%s' % ratio }} {{ '%s|%r' % (ratio, ratio) }} {{ '%d' % tls }}",
  "{{ '%.1f' % 0.25 }} {{ '%.0f' % 0.5 }} {{ '%.0f' % 2.5 }} {{ '%.2f' % 0.125 }} {{ '%.1f' % -0.25 }} {{ '%.0f' % -0.5 }} {{ '%.0f' % 1.5 }} {{ '%f' % 1e21 }} {{ '%d' % 1e22 }}",
  "{{ '%g' % 1000000 }} {{ '%g' % 1234567 }} {{ '%g' % 0.00001 }} {{ '%g' % 0.0001 }} {{ '%g' % 100000 }} {{ '%g' % 0 }} {{ '%.0g' % 15 }} {{ '%G' % 1e-7 }} {{ '%.10g' % 1234567 }} {{ '%.2g' % 0.125 }} {{ '%#g' % 1 }} {{ '%.3g' % 999999 }} {{ '%g' % 999999.5 }} {{ '%g' % 2.5 }}",
  "{{ '%e' % 12345.678 }} {{ '%.0e' % 2.5 }} {{ '%.1e' % 1.25 }} {{ '%.2E' % 0.00125 }} {{ '%.0e' % 3.5 }} {{ '%#.0e' % 1 }} {{ '%#.0f' % 1 }} {{ '%e' % 0 }} {{ '%.3e' % 1e100 }} {{ '%.0e' % 2.0 }} {{ '%.0e' % 9.5 }} {{ '%.0e' % 8.5 }}",
  "{{ '%#x' % 255 }} {{ '%#o' % 8 }} {{ '%c' % 65 }} {{ '%c' % 'A' }} {{ '%#X' % 255 }} {{ '%#06x' % 255 }} {{ '%06x' % 255 }} {{ '%x' % -255 }} {{ '%#x' % -255 }} {{ '%.3d' % 5 }} {{ '%.4x' % 255 }} {{ '%5c|' % 'A' }} {{ '%05d' % -3 }} {{ '%#x' % tls }} {{ '%+.1f' % 0.25 }} {{ '%+d' % 3 }}",
  "{{ '%s' % none }} {{ '%s' | format(tls) }} {{ '%.2f' | format(ratio) }} {{ '%(a)s' % {'a': true} }}",
  "{{ '%08.3f|%-8.2f|%+08.2f' % (3.14159, 2.5, 1) }} {{ '%.20f' % 0.1 }} {{ '%.17g' % 0.1 }} {{ '%.25g' % 0.1 }} {{ '%.30e' % 0.1 }}",
  "{{ {'a': [1]} | combine({'a': [2]}, list_merge='keep') }} {{ {'a': [1], 'b': {'c': [1]}} | combine({'a': [2, 1], 'b': {'c': [2]}}, recursive=true, list_merge='keep') }}",
  "{{ {'b': \"<a href='x'>&</a>\", 'a': [1, 2.0]} | tojson }} {{ {'b': 1, 'a': 'é'} | tojson(indent=2) }} {{ {'b': \"<'\", 'a': 1} | to_json }} {{ [] | tojson }}",
  "{{ ['a', 'None', 'null', none, ['null', ['b', none]]] | flatten }} {{ ['a', 'None', none] | flatten(skip_nulls=false) }} {{ ['a', ['null', ['null']]] | flatten(levels=1) }}",
  "{{ '[1, 9007199254740991, 2.5, 1e3, -3]' | from_json }} {{ 9007199254740991 }}",
  "{{ [{'n': 'b', 'v': 1}, {'n': 'A', 'v': 2}, {'n': 'B', 'v': 3}, {'n': 'a', 'v': 4}] | groupby('n') | map(\"list\") | list }}",
  "{{ [{'n': 'b', 'v': 1}, {'n': 'A', 'v': 2}, {'n': 'B', 'v': 3}] | groupby('n', case_sensitive=true) | map(\"list\") | list }}",
  "{% for key, items in [{'n': 'x'}, {}, {'n': 'Y'}] | groupby('n', default='Y') %}{{ key }}={{ items | length }} {% endfor %}",
  "{{ {'a': lines} | to_nice_yaml }}{{ lines | trim | to_nice_yaml }}{{ marks | to_nice_yaml }}",
  "{{ (marks | to_nice_yaml | from_yaml) == marks }} {{ (odd | to_nice_yaml | from_yaml) == odd }} {{ ({'a': odd, 'b': lines} | to_nice_yaml | from_yaml) == {'a': odd, 'b': lines} }}",
  "{{ odd | regex_findall('\\s') | length }} {{ lines | regex_search('second$') }} {{ lines | regex_replace('$', '<') }} {{ lines | regex_findall('^ \\w', multiline=true) }} {{ lines | regex_replace('(?m) *$', ';') }}",
  "{{ 'Größe_1' | regex_replace('\\W', '-') }} {{ 'é à' | regex_findall('\\b\\w') }} {{ 'a]b' | regex_replace('[]]', '-') }} {{ 'aaa' | regex_replace('a{,2}', '-') }} {{ 'ab' | regex_search('(?x) a  b # both') }}",
  "{{ 'a1' | regex_replace('(a)|(b)', '[\\1\\2]') }} {{ 'ab' | regex_replace('(?P<x>a)', '\\g<x>0\\g<1>') }} {{ 'ab' | regex_search('(a)(z)?', '\\1', '\\2') }} {{ 'ab' | regex_search('z', '\\9') }} {{ 'xaz' | regex_replace('|a', '-') }}",
  "{{ ['a\\n', 'b', 'aé'] | select('match', 'a$') | list }} {{ ['é', '-'] | reject('search', '\\w') | list }} {{ 'x\\na' is match('x\\n^a', multiline=true) }} {{ 'x\\na' is search('^a', multiline=1) }} {{ 'K' is regex('\u212a', ignorecase=true) }} {{ 'abc' is match('(?>a|ab)c') }}",
];

export const detailRefused: readonly string[] = [
  "{{ '%x' % 2.0 }}",
  "{{ '%c' % 'AB' }}",
  "{{ '%c' % 1.0 }}",
  "{{ {'a': [1]} | combine({'a': [2]}, list_merge='kepe') }}",
  "{{ 'a' | regex_replace('b', '\\1') }}",
  "{{ 'a' | regex_replace('a', '\\q') }}",
  "{{ 'a' | regex_search('(?<n>a)') }}",
  "{{ 'a' | regex_search('(a)', '1') }}",
  "{{ 'a' is match('\\y') }}",
];
