/** Variables as an inventory has them, read by both sides with their own YAML. */
export const detailVariables = `
ratio: 2.0
tls: true
lines: " first\\n second\\n"
odd: "x\\u0085y\\u2028z\\u2029\\ufeff\\u007f\\tend"
marks: { '=': '=', '<<': '<<' }
hosts: [web1, web2]
listed: "[{% for host in hosts %}'{{ host }}'{% if not loop.last %},{% endif %}{% endfor %}]"
mapped: "{ {% for host in hosts %}'{{ host }}': {{ loop.index }}, {% endfor %}'-': -1.0 }"
block: |
  [
  {% for host in hosts %}
    {"name": "{{ host }}", "tls": true, "note": null, "at": ["a\\tb", {"x": {}}]},
  {% endfor %}
  ]
last: "{% if hosts[1] == 'web1' %}True{% else %}False{% endif %}"
chosen: "{{ 'False' if tls else 'True' }}"
small: "{% if tls %}false{% endif %}"
json: "{{ hosts | to_json }}"
again: "{{ json }}"
noted: "{{ tls | string }}"
section: "[{{ hosts[0] }}]"
address: "[::{{ 1 }}]:80"
number: "[{{ 1 }}]"
opened: "[{{ hosts | join(', ') }}"
none: "[{{ 'none' }}]"
called: "[{{ 'range' }}(3), {{ hosts[0] }}, none]"
huge: "[{{ 1 }}2345678901234567890]"
inner: { list: "[{{ 1 }}, {{ 2 }}]", text: "{{ '[1]' ~ '' }}" }
`;

/** Where JavaScript and its libraries do almost what Python does. */
export const detailTexts: readonly string[] = [
  '{{ listed }} {{ listed | length }} {{ listed | join("+") }} {% for host in listed %}{{ host }};{% endfor %} {{ mapped }} {{ mapped.web2 }}',
  '{{ block }} {% for each in block %}{{ each.name }}={{ each.tls }}{{ each.note is none }}{{ each.at[0] | length }};{% endfor %}',
  '{% if last %}yes{% else %}no{% endif %} {{ last | ternary(1, 2) }} {{ not last }} {{ chosen | type_debug }} {{ small | type_debug }} {{ noted is string }}',
  '{{ json is string }} {{ again is string }} {{ section }} {{ address }} {{ number | first + 1 }} {{ opened }} {{ none }} {{ called }} {{ huge }}',
  '{{ inner.list | sum }} {{ inner.text | type_debug }} {{ inner }} {{ [1, listed] }}',
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
  "{{ 59 | random(seed='web01.example.com') }} {{ 60 | random(10, 5, seed='a') }} {{ ['x', 'y', 'z'] | random(seed='b') }} {{ 1440 | random(start=30, seed=7) }} {{ 'abc' | random(seed='c') }} {{ 100 | random(seed=-1) }} {{ 4294967297 | random(seed='Größe') }} {{ 3 | random(seed=true) }}",
  "{{ [1, 2, 3, 4, 5, 6, 7] | shuffle(seed='db') }} {{ ['a', 'b'] | shuffle('x') }} {{ [] | shuffle(seed='x') }} {{ range(0, 40) | shuffle(seed=12) }}",
  "{{ '1K' | human_to_bytes }} {{ '1.5 GB' | human_to_bytes }} {{ '10' | human_to_bytes('M') }} {{ 2.5 | human_to_bytes }} {{ '8Mb' | human_to_bytes(isbits=true) }} {{ '7 bytes' | human_to_bytes }} {{ '12 kilobytes' | human_to_bytes }} {{ 4 | human_to_bytes(default_unit='GB') }}",
  "{{ 1024 | human_readable }} {{ 0 | human_readable }} {{ 1 | human_readable(true) }} {{ 1536000 | human_readable(unit='K') }} {{ 123456789 | human_readable(isbits=true, unit='m') }} {{ 5.5 | human_readable }} {{ 1125899906842624 | human_readable }}",
  "{{ 1 | filesizeformat }}|{{ 0 | filesizeformat }}|{{ 999 | filesizeformat }}|{{ 1000 | filesizeformat }}|{{ '1234567' | filesizeformat }}|{{ 1234567 | filesizeformat(true) }}|{{ 1e27 | filesizeformat }}|{{ 2.7 | filesizeformat }}",
  "{{ 'http://u:p:q@H.example:80/p/a?q=1#f' | urlsplit }} {{ '//h.example' | urlsplit }} {{ 'mailto:a@b.example' | urlsplit }} {{ 'https://[2001:db8::1]:8443/' | urlsplit('hostname') }} {{ '/a?b' | urlsplit('query') }} {{ 'HTTPS://h.example/p' | urlsplit('scheme') }} {{ 'http://h.example:' | urlsplit('port') }} {{ '' | urlsplit }}",
  "{{ 'x' | to_uuid }} {{ 'Größe' | to_uuid }} {{ 'x' | to_uuid(namespace='6ba7b810-9dad-11d1-80b4-00c04fd430c8') }} {{ 'x' | to_uuid('{6BA7B8109DAD11D180B400C04FD430C8}') }}",
  "{{ '/a/b' | relpath('/a/c') }} {{ '/a' | relpath('/a/') }} {{ '/a/./b/../c/d' | relpath('/') }} {{ {'a b': 1, 'c': 'x&é/y'} | urlencode }} {{ [['a', 1], ['a', 'ü~']] | urlencode }} {{ {} | urlencode }}|",
  "{{ [[1, 2, 3, 4, 5] | slice(2), [1, 2] | slice(3), [1, 2, 3, 4] | slice(3, 'x')] | map('list') | list }} {{ 9 | pow(2) }} {{ 2 | pow(0.5) }} {{ 100 | log(10) }} {{ 8 | log(2) }} {{ 9 | root }} {{ 27 | root(3) }} {{ 1 | log }}",
  "{% for a, b in ['a', 'b', 'c'] | zip_longest([1], fillvalue='-') %}{{ a }}{{ b }}{% endfor %} {% for a, b in [1] | zip_longest(['x', 'y']) %}{{ a }}{{ b }} {% endfor %} {% for row in [1, 2, 3] | combinations(2) %}{{ row | join }} {% endfor %}{% for row in 'abc' | permutations %}{{ row | join }} {% endfor %}{% for row in [1, 2, 3] | permutations(2) %}{{ row | join }} {% endfor %}{{ [1] | combinations(2) | list }}{{ [1] | combinations(0) | list | length }}",
  "{{ 'x' | comment('plain', prefix='#####\\n#', postfix='#\\n#####') }} {{ 'x\\n\\ny' | comment(decoration='! ', postfix_count=2, prefix_count=0) }} {{ 'a\\nb' | comment('cblock', prefix='', end='*/') }} {{ 'a|b' | comment('c', newline='|') }} {{ 'a' | comment('erlang', prefix='\\n', prefix_count=2, beginning='%%') }}",
  "{{ '1.0.0-rc.1' is version('1.0.0', '<', version_type='semver') }} {{ '1.10.0' is version('1.9.0', 'gt', version_type='semantic') }} {{ '1.0.0-alpha.1' is version('1.0.0-alpha.beta', 'lt', version_type='semver') }} {{ '1.0.0-rc.2' is version('1.0.0-rc.11', 'lt', version_type='semver') }} {{ '1.0.0+a' is version('1.0.0+b', 'eq', version_type='semver') }} {{ '1.0.0-a' is version('1.0.0-a.1', 'ge', version_type='semver') }} {{ '1.2' is version('1.10', '<', strict=false) }} {{ '1.2' is version('1.10', '<', version_type='loose') }}",
  "{{ 'no' is truthy(convert_bool=true) }} {{ 'yes' is truthy(convert_bool=True) }} {{ ' OFF ' is falsy(convert_bool=true) }} {{ 'no' is truthy }} {{ 0 is falsy(convert_bool=true) }} {{ '' is truthy(convert_bool=true) }} {{ [] is falsy(convert_bool=true) }}",
  "{{ ('a' if false) | default('x') }} {{ ('a' if tls) | default('x') }} {{ ('a' if false) | d('y') }} {{ ('a' if false) is defined }} {{ ('a' if false) is undefined }} {{ (('a' if false)) is defined }} {{ 'a' if false }}|{{ (1 if false) or 2 }}",
  "{{ '{a: 1.0, b: [2, 3.0, 1e3, 1.0e+3, 0xE]}' | from_yaml }} {{ '[1.0, 2]' | from_yaml | to_json }} {{ ('{x: 2.0}' | from_yaml).x * 2 }} {{ ('{a: &n 4.0, b: *n }' | from_yaml).b }}",
  "{{ {'a': [1, {'b': 'c, d'}], 'e': {}} | to_yaml(default_flow_style=true) }}",
  "{{ '{0:>5}|{1:05.1f}|{n:02d}|{{x}}' .format('a', 2.55, n=7) }} {{ '{:<4}|{:^5}|{:*>4}|{:>3}'.format('a', 'b', 'c', 'long') }} {{ '{:d} {:x} {:#X} {:#o} {:b} {:#b} {:c} {:+d} {: d}'.format(5, 255, 255, 8, 5, 5, 65, 3, 4) }} {{ '{:,} {:_} {:,.2f} {:_x}'.format(1234567, 1234567, 1234567.891, 1048576) }}",
  "{{ '{:.2f} {:.0f} {:e} {:.3g} {:%} {:.1%} {:g}'.format(3.14159, 2.5, 12345.678, 1234.5, 0.25, 0.125, 1e6) }} {{ '{:5}|{:<5}|{:05}|{:+05d}|{:=+6d}|{:#06x}'.format(42, 42, -42, 42, 42, 255) }} {{ '{!r} {!s:>6} {!r:>6}'.format('a', 'b', 'c') }} {{ '{:.3} {:8.2}|'.format('abcdef', 'xyz') }} {{ '{:5} {:d} {}'.format(tls, tls, tls) }} {{ '{:6} {}'.format(ratio, ratio) }} {{ '{} {}'.format([1, 'a'], none) }} {{ '{:03}'.format('a') }}",
  '{% with a = 1, b = ratio %}{{ a }}{{ b }}{% set c = 2 %}{% with %}{{ c }}{% endwith %}{% endwith %}{{ c is defined }}',
  '{% set x = 1 %}{% with x = 2, y = x %}{{ x }}{{ y }}{% endwith %}{{ x }}',
  "{% macro m(a, b=a, c=b ~ a) %}{{ a }}{{ b }}{{ c }}{% endmacro %}{{ m(1) }} {{ m(1, none) }} {{ m(1, b=2) }} {{ m(1, c=none, b='x') }}",
  "{% set c = cycler('a', 'b') %}{{ c.next() }}{{ c.next() }}{{ c.next() }}{{ c.current }}{{ c.reset() }}{{ c.next() }} {% for a in [1] %}{{ loop.depth }}{{ loop.depth0 }}{% endfor %}",
  "{{ ['a', 'b'] | to_yaml }}{{ {'a': 'b'} | to_yaml }}{{ {'a': {'b': {'c': 1}}, 'l': ['x', {'v': 1.5, 'z': [1]}], 'e': [], 'm': {}} | to_yaml }}{{ 1 | to_yaml }}{{ {'a': 'yes', 'b': 'x, y'} | to_yaml }}{{ [[1, 2], [3, [4]]] | to_yaml }}{{ {'a': [1, 2]} | to_yaml(default_flow_style=false) }}",
  "{{ {'a': [1, {'b': [2.0], 'c': {'d': []}}, [3, [4]]], 'e': {}, 'b': {'f': ['x']}} | to_nice_yaml }}{{ [{'a': 1, 'b': [lines]}, [[1], []]] | to_nice_yaml(indent=8, sort_keys=false) }}",
  "{{ {'a': {'b': 'word ' * 30 ~ 'x', 'c': ['a: b ' * 30]}} | to_nice_yaml }}{{ {'a': ['two  spaces ' * 20]} | to_nice_yaml(width=30) }}{{ {'a': ['b', {'c': 1, 'd': 2}]} | to_yaml(default_flow_style=false) }}",
  "{{ '2026-01-31' | from_yaml }} {{ ('day: 2026-01-31' | from_yaml).day }} {{ ('at: 2026-01-31 10:00:00' | from_yaml) | string | length > 2 }}",
  "{{ ['web1', 'web2', 'db1'] | difference('web12') }} {{ ['web1', 'web2', 'db1'] | intersect('db1') }} {{ ['a', 'b'] | difference({'a': 1}) }}",
  "{% set name = 'web' %}{{ {name ~ '-1': 1, name: 2, name | upper: 3, ('a' if tls else 'b'): 4} }} {{ {} | combine({'port_' ~ name: 80}) }}",
  "{{ {'b': [1, {'c': 2}], 'a': {}} | to_json(separators=(',', ':')) }} {{ {'b': 1, 'a': [1, 2]} | to_json(indent=1, separators=(';', '=')) }} {{ [1, 2] | to_json(indent=2) }}",
  "{{ 'a%20b+c%2Fd%zz%C3%A9%' | urldecode }}",
  "{{ '123' is lower }} {{ '' is upper }} {{ 'a1' is lower }} {{ 'A-1' is upper }} {{ 'Ab' is lower }} {{ 7 is upper }} {{ ['1.0', 'b', 'C'] | select('lower') | list }}",
  "{% for group in [{'n': 'b', 'v': 1}, {'n': 'a', 'v': 2}] | groupby('n') %}{{ group.grouper }}{{ group[0] }}{{ group.list | map(attribute='v') | join }}{{ group | length }};{% endfor %}",
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
  "{{ '{:.2f}'.format('a') }}",
  "{{ '{:d}'.format(1.5) }}",
  "{{ '{:.2d}'.format(1) }}",
  "{{ '{:5}'.format([1]) }}",
  "{{ '{:5}'.format(none) }}",
  "{{ '{:q}'.format(1) }}",
  "{{ '{'.format(1) }}",
  "{{ '{}}'.format(1) }}",
  "{{ '{:=5}'.format('a') }}",
  "{{ '{!x}'.format('a') }}",
  "{{ '1 Xb' | human_to_bytes }}",
  "{{ '1Mb' | human_to_bytes }}",
  "{{ 'K' | human_to_bytes }}",
  "{{ 'http://h:99999/' | urlsplit('port') }}",
  "{{ '/a' | urlsplit('hots') }}",
  "{{ 'x' | to_uuid('no') }}",
  "{{ 0 | random(seed='a') }}",
  "{{ [] | random(seed='a') }}",
  "{{ [1] | random(start=1, seed='a') }}",
  "{{ '1.2' is version('1.2.0', version_type='semver') }}",
  "{{ 'x' | pow(2) }}",
  '{{ -1 | log }}',
  '{{ [1] | combinations }}',
  '{{ (1 if false) | mandatory }}',
  '{% with a = 1 b = 2 %}{% endwith %}',
  '{% with a %}{% endwith %}',
  '{% with a = 1 %}',
  '{% with a = 1, b = a %}{{ b }}{% endwith %}',
  "{{ 'a: !!binary aGk=' | from_yaml | to_json }}",
  "{{ 'a: !other 1' | from_yaml }}",
  "{{ ['web1'] | union('web2') }}",
  "{{ ['web1'] | symmetric_difference('web2') }}",
];
