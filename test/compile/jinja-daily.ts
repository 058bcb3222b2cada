/** Variables as an inventory has them, read by both sides with their own YAML. */
export const dailyVariables = String.raw`
env: prod
port: 8080
php_version: 8.0
ratio: 2.0
secs: 10
load: 0.75
big: 1e+3
enabled: yes
disabled: false
empty: ''
nothing: null
domain: www.example.org
title: "it's v2x"
path: /etc/nginx/sites-available/default.conf
url: https://user@www.example.org:8443/a/b?c=d#e
text: |
  first line
  second line

  fourth line
csv: a,b,,c
spaced: "  padded  text "
numbers: [3, 1, 2, 10]
floats: [1.0, 2.5, 3.0]
words: [pear, Apple, fig, apple]
duplicates: [1, 2, 1, 3, 2]
nested: [1, [2, [3, [4]]]]
hosts: [web1, web2, db1]
limits: { nofile: 65536, nproc: 4096, ratio: 1.0 }
defaults: { log: { level: info, path: /var/log }, tags: [a], mode: '0644' }
overrides: { log: { level: debug }, tags: [b], extra: true }
users:
  - { name: alice, uid: 1001, groups: [sudo, docker], shell: /bin/bash, active: yes }
  - { name: bob, uid: 1000, groups: [], shell: /bin/zsh, active: no }
  - { name: carol, uid: 1002, groups: [docker], active: yes }
sites: { www: { port: 80, tls: no }, api: { port: 8443, tls: yes } }
indirect: "{{ domain }}:{{ port }}"
version: 1.10.3
`;

/** What people write every day, one thing each. */
export const dailyTexts: readonly string[] = String.raw`
{{ php_version }}
php{{ php_version }}-fpm {{ ratio }} {{ secs / 2 }}
{{ ratio + 1 }} {{ ratio * 2 }} {{ ratio - 2 }} {{ ratio // 1 }} {{ ratio % 2 }} {{ ratio ** 2 }} {{ -ratio }}
{{ secs / 4 }} {{ secs // 4 }} {{ secs % 4 }} {{ 2 ** 10 }} {{ 2 ** -1 }} {{ 7.0 // 2 }}
{{ 10 / 5 }} {{ 1.0 }} {{ 1.50 }} {{ 0.1 + 0.2 }} {{ 1e3 if false else 1 }}
{{ load }} {{ load * 100 }} {{ (load * 100) | int }} {{ big }}
{{ floats }} {{ floats | sum }} {{ floats | max }} {{ floats | min }} {{ floats | first }} {{ floats | join(' ') }}
{{ limits }} {{ limits.ratio }} {{ limits | to_json }}
{{ [8.0] | to_json }} {{ php_version | to_json }} {{ limits | to_nice_json }}
{{ limits | to_nice_yaml }}
{{ 2.5 | round }} {{ 3.5 | round }} {{ 2.5 | round | int }} {{ -2.5 | round }} {{ 0.5 | round }} {{ 1.005 | round(2) }}
{{ 2.675 | round(2) }} {{ 42.55 | round(1, 'floor') }} {{ 42.51 | round(1, 'ceil') }} {{ 42 | round }} {{ 42.1 | round(0, 'ceil') | int }} {{ 1234 | round(-2) }}
{{ '3' | int + 1 }} {{ '3.9' | int }} {{ 3.9 | int }} {{ '1e3' | int }} {{ 'abc' | int }} {{ 'abc' | int(-1) }} {{ ' 7 ' | int }} {{ '' | int }} {{ nothing | int }}
{{ '0x1f' | int(base=16) }} {{ 'ff' | int(0, 16) }} {{ '0b11' | int(0, 2) }} {{ '755' | int(base=8) }} {{ '-12' | int }} {{ '+5' | int }} {{ '1_000' | int }}
{{ '3.0' | float }} {{ '3' | float }} {{ 3 | float }} {{ 'x' | float }} {{ 'x' | float(1.5) }} {{ '1e3' | float }} {{ ' 2.5 ' | float }} {{ true | float }} {{ true | int }}
{{ -3 | abs }} {{ (-3) | abs }} {{ (-3.0) | abs }} {{ -2.5 | abs }}
{{ ratio == 2 }} {{ ratio is integer }} {{ ratio is float }} {{ secs is integer }} {{ ratio is number }} {{ load is float }} {{ (secs / 2) is float }}
{{ true == 1 }} {{ false == 0 }} {{ 1 in [true] }} {{ true is sameas(true) }} {{ true is sameas(1) }} {{ 1 == 1.0 }} {{ '1' == 1 }}
{{ ratio | type_debug }} {{ secs | type_debug }} {{ numbers | type_debug }} {{ enabled | type_debug }}
{{ ratio | string }} {{ ratio ~ '' }} {{ [ratio, 'a'] | join('-') }} {{ '%s %d %.1f' % (ratio, ratio, ratio) }} {{ 'v{}'.format(ratio) }} {{ '%s' | format(ratio) }}
{{ env in ('prod',) }} {{ 'pro' in ('prod',) }} {{ ('abc',) | length }} {{ (1,) | list }} {{ ('a', 'b') | join }} {{ () | length }}
{% for x in ('web',) %}{{ x }};{% endfor %} {% for x in ('a', 'b') %}{{ x }};{% endfor %} {{ ('abc') | length }}
{{ 'a,b'.split(sep=',') }} {{ 'a.b.c'.split('.', maxsplit=1) }} {{ 'a b c'.split(none, 1)[1] }} {{ 'a b  c '.split(none, 1) }} {{ ' a b c'.rsplit(none, 1) }} {{ 'a.b.c'.rsplit('.', maxsplit=1) }}
{{ '  a  b  '.split(maxsplit=1) }} {{ csv.split(',') }} {{ csv | split(',') }} {{ csv.split(',')[0] }} {{ 'a-b-c' | split('-', 1) }} {{ 'x' | split }}
{{ title | title }} {{ title | capitalize }} {{ title.title() }} {{ 'foo-bar baz_qux' | title }} {{ 'foo-bar baz_qux'.title() }} {{ '(foo) [bar]' | title }}
{{ domain.split('.')[1:] | join('.') }} {{ domain.split('.') | last }} {{ domain.split('.')[-2:] }} {{ domain[:3] }} {{ domain[-3:] }} {{ domain[::2] }} {{ domain[0] }}
{{ domain.replace('.', '-') }} {{ domain | replace('.', '_') }} {{ domain.replace('w', 'v', 2) }} {{ domain | replace('w', 'v', count=1) }} {{ domain.upper() }} {{ domain.startswith('www') }} {{ domain.endswith(('.org', '.com')) }}
{{ domain.find('example') }} {{ domain.find('zzz') }} {{ domain.count('w') }} {{ domain.index('e') }} {{ domain.rfind('.') }} {{ domain.rpartition('.')[0] }}
{{ spaced.strip() }}| {{ spaced.lstrip() }}| {{ spaced.rstrip() }}| {{ spaced | trim }}| {{ 'xxaxx'.strip('x') }} {{ '/a/b/'.rstrip('/') }} {{ '/a/' | trim('/') }}
{{ '7'.zfill(3) }} {{ '-7'.zfill(4) }} {{ 'ab'.ljust(4) }}| {{ 'ab'.rjust(4) }}| {{ 'ab'.center(6) }}| {{ 'ab'.ljust(4, '.') }} {{ 'ab'.rjust(4, '.') }} {{ 'ab'.center(7, '*') }}
{{ 'Hello'.swapcase() }} {{ 'Hello'.lower() }} {{ 'HELLO'.casefold() }} {{ 'a'.isalpha() }} {{ '1'.isdigit() }} {{ 'a1'.isalnum() }} {{ ' '.isspace() }} {{ 'Ab'.isupper() }}
{{ 'unset' if nothing is none else nothing }} {{ missing | default('x') }} {{ missing | default }}| {{ empty | default('x', true) }} {{ nothing | default('x') }}| {{ nothing | default('x', true) }} {{ disabled | default(true) }}
{{ users[0].name }} {{ users[0]['uid'] }} {{ users[-1].name }} {{ users[0].missing | default('none') }} {{ sites.www.port }} {{ sites['api'].tls }} {{ (sites.zzz | default({})).port | default(1) }}
{{ domain | mandatory }} {{ domain | mandatory('say') }} {{ port | mandatory }}
{{ defaults | combine(overrides) }}
{{ defaults | combine(overrides, recursive=true) }}
{{ defaults | combine(overrides, recursive=true, list_merge='append') }} {{ defaults | combine(overrides, list_merge='prepend_rp') }}
{{ defaults | combine({'a': 1}, {'b': 2}) }} {{ [defaults, overrides] | combine }} {{ {} | combine({}) }}
{{ limits | dict2items }}
{{ limits | dict2items(key_name='k', value_name='v') | map(attribute='k') | list }} {{ sites | dict2items | selectattr('value.tls') | map(attribute='key') | list }}
{{ [{'key': 'a', 'value': 1}] | items2dict }} {{ users | items2dict(key_name='name', value_name='uid') }} {{ users | map(attribute='name') | list }}
{{ limits.keys() | list }} {{ limits.values() | list }} {{ limits | list }} {{ limits | length }}
{{ domain | regex_replace('^www\.', '') }} {{ domain | regex_replace('(\w+)\.(\w+)', '\2.\1') }} {{ 'aaa' | regex_replace('a') }} {{ 'A.B' | regex_replace('b', 'x', ignorecase=true) }}
{{ domain | regex_search('e\w+e') }} {{ domain | regex_search('zzz') }}| {{ domain | regex_search('(\w+)\.(\w+)', '\1') }} {{ domain | regex_search('(?P<top>org)$', '\g<top>') }} {{ domain | regex_search('zzz', '\1') }}
{{ domain | regex_findall('\w+') }} {{ 'a1 b2' | regex_findall('([a-z])\d') }} {{ text | regex_findall('^\w+', multiline=true) }} {{ 'a.b*c' | regex_escape }}
{{ 'abc' | regex_replace('(?i)B', '-') }} {{ 'abc' | regex_replace('', '-') }} {{ 'abc' | regex_replace('b*', '-') }} {{ 'a b' | regex_replace('\s', '') }} {{ path | regex_replace('^.*/', '') }}
{{ enabled | ternary('on', 'off') }} {{ disabled | ternary('on', 'off') }} {{ nothing | ternary('a', 'b', 'c') }} {{ nothing | ternary('a', 'b') }} {{ (port > 80) | ternary(1, 2) }} {{ empty | ternary('y', 'n') }}
{{ numbers | join(',') }} {{ hosts | join }} {{ users | join(',', attribute='name') }} {{ hosts | map('upper') | join(' ') }} {{ numbers | map('string') | list }} {{ ['a', 1, none, true, 2.0] | join('/') }}
{{ hosts | map('regex_replace', '^', 'x-') | list }} {{ users | map(attribute='shell', default='/bin/sh') | list }} {{ users | map(attribute='groups.0', default='-') | list }} {{ hosts | map('extract', {'web1': 1, 'web2': 2, 'db1': 3}) | list }} {{ numbers | map('int') | sum }}
{{ users | selectattr('active') | map(attribute='name') | list }} {{ users | rejectattr('active') | map(attribute='name') | list }} {{ users | selectattr('uid', '>', 1000) | map(attribute='name') | list }} {{ users | selectattr('name', 'in', ['bob']) | map(attribute='uid') | first }}
{{ users | selectattr('shell', 'defined') | map(attribute='name') | list }} {{ users | rejectattr('shell', 'defined') | map(attribute='name') | list }} {{ users | selectattr('name', 'match', '^[ab]') | list | length }} {{ users | selectattr('groups', 'contains', 'docker') | map(attribute='name') | list }}
{{ numbers | select('>', 2) | list }} {{ numbers | reject('odd') | list }} {{ hosts | select('match', 'web') | list }} {{ ['', 'a', none] | select | list }} {{ hosts | reject('search', 'b1') | list }} {{ [1, 2.0] | select('float') | list }} {{ [none, 1] | reject('none') | list }}
{{ duplicates | unique }} {{ duplicates | unique | sort }} {{ words | unique }} {{ words | unique(case_sensitive=true) }} {{ users | unique(attribute='active') | map(attribute='name') | list }} {{ [1, 1.0, true] | unique }}
{{ numbers | sort }} {{ numbers | sort(reverse=true) }} {{ words | sort }} {{ words | sort(case_sensitive=true) }} {{ users | sort(attribute='uid') | map(attribute='name') | list }} {{ users | sort(attribute='active,name') | map(attribute='name') | list }}
{{ users | groupby('shell', default='none') | map('first') | list }}
{{ numbers | max }} {{ numbers | min }} {{ numbers | sum }} {{ users | sum(attribute='uid') }} {{ users | max(attribute='uid') }} {{ words | max }} {{ [1, 2] | sum(start=10) }} {{ users | map(attribute='uid') | max }}
{{ numbers | first }} {{ numbers | last }} {{ numbers | length }} {{ numbers | count }} {{ numbers | reverse | list }} {{ 'abc' | reverse }} {{ numbers[1:3] }} {{ numbers[::-1] }} {{ numbers[:-1] }} {{ numbers[-1] }}
{{ hosts | difference(['db1']) }} {{ hosts | intersect(['db1', 'x']) }} {{ hosts | union(['x']) }} {{ hosts | symmetric_difference(['x', 'db1']) }} {{ nested | flatten }} {{ nested | flatten(1) }}
{{ [1, [2, none]] | flatten }} {{ [1, [2, none]] | flatten(skip_nulls=false) }} {{ numbers | batch(3) | list }} {{ dict([['a', 1]]) }}
{{ domain | b64encode }} {{ 'd3d3' | b64decode }} {{ domain | hash('sha1') }} {{ domain | hash('md5') }} {{ domain | md5 }} {{ domain | sha1 }} {{ domain | checksum }} {{ domain | hash('sha512') | length }} {{ 'h\u00e9' | b64encode }}
{{ users | to_json }} {{ numbers | to_json }} {{ nothing | to_json }} {{ domain | to_json }} {{ enabled | to_json }} {{ 'h\u00e9 "q" \ /' | to_json }} {{ {} | to_json }}
{{ users | to_nice_json }}
{{ users | to_nice_json(indent=2) }} {{ {'b': 1, 'a': 2} | to_nice_json(indent=2) }} {{ {'b': 1, 'a': 2} | to_json }} {{ {'b': 1, 'a': 2} | to_nice_json(sort_keys=false) }}
{{ defaults | to_nice_yaml(indent=2) }}
{{ numbers | to_nice_yaml }} {{ domain | to_yaml }} {{ {'a': [], 'b': {}, 'c': ''} | to_nice_yaml }}
{{ {'a': nothing, 'b': enabled, 'c': 1.5, 'd': ratio} | to_nice_yaml }}
{{ '{"a": [1, 2.0, null]}' | from_json }} {{ ('{"a": 1}' | from_json).a }} {{ 'a: [x, yes]' | from_yaml }} {{ '[1, 2]' | from_json | sum }}
{{ path | basename }} {{ path | dirname }} {{ path | splitext | first }} {{ (path | basename | splitext)[0] }} {{ ['/etc', 'a', 'b.conf'] | path_join }} {{ path | dirname | basename }}
{{ 'a b&c' | urlencode }} {{ 'a/b' | urlencode }}
{{ title | quote }} {{ 'a b' | quote }} {{ domain | quote }} {{ '' | quote }} {{ '$HOME' | quote }} {{ 'h\u00e9' | quote }}
{{ text | indent }} {{ text | indent(2) }} {{ text | indent(2, true) }} {{ text | indent(width=2, first=true, blank=true) }} {{ text | wordcount }} {{ text.splitlines() }} {{ text.splitlines() | length }} {{ text | length }}
{{ text | comment }}
{{ 'managed' | comment('c') }} {{ 'managed' | comment(decoration='; ') }} {{ 'managed' | comment('cblock') }}
{{ 'long text that is cut' | truncate(10) }} {{ 'long text that is cut' | truncate(10, true) }} {{ 'ab' | center(6) }}| {{ '<b>' | e }} {{ 'a-b' | upper | lower }}
{{ '%s-%s' | format('a', 1) }} {{ '%05.1f' | format(2.5) }} {{ '%3d|%-3d|%03d' % (1, 2, 3) }} {{ '%x %X %o' % (255, 255, 8) }} {{ '%s' % none }} {{ '%s %s' % ('a', ['b']) }} {{ '%(a)s' % {'a': 1} }}
{{ '{} and {}'.format('a', 1) }} {{ '{0}-{0}'.format('a') }} {{ '{name}'.format(name='x') }}
{{ 'yes' | bool }} {{ 'on' | bool }} {{ '1' | bool }} {{ 'off' | bool }} {{ 'TRUE' | bool }} {{ 0 | bool }} {{ 1 | bool }} {{ 1.0 | bool }} {{ enabled | bool }} {{ '' | bool }} {{ nothing | bool }}
{{ enabled and disabled }} {{ enabled or disabled }} {{ not enabled }} {{ empty or 'fallback' }} {{ nothing or [] or 0 }} {{ port and domain }} {{ not [] }} {{ enabled and not disabled }}
{{ port == 8080 }} {{ port != 80 }} {{ port >= 1024 and port < 9000 }} {{ 1 < 2 < 3 }} {{ 'a' < 'b' }} {{ [1, 2] < [1, 3] }} {{ ratio < 2.5 }} {{ 0.0 == 0 }} {{ ratio in [2, 3] }} {{ 2 in floats }} {{ 1.0 in numbers }}
{{ 'web1' in hosts }} {{ 'x' not in hosts }} {{ 'nofile' in limits }} {{ 'ex' in domain }} {{ port in [80, 8080] }} {{ 'a' in 'abc' }} {{ not 'a' in 'abc' }} {{ none in [none] }}
{{ version is version('1.9', '>') }} {{ version is version('1.10.3', '==') }} {{ version is version('2.0', 'lt') }} {{ '1.0' is version('1.0.0', '==') }} {{ '10.2' is version('9.9', '>=') }} {{ php_version is version('7.4', '>=') }}
{{ domain is match('www') }} {{ domain is match('example') }} {{ domain is search('example') }} {{ domain is regex('^w+\.') }} {{ domain is match('WWW', ignorecase=true) }} {{ path is abs }} {{ 'x' is abs }} {{ domain is string }} {{ numbers is iterable }} {{ limits is mapping }} {{ numbers is sequence }}
{{ hosts is contains('db1') }} {{ ['db1'] is subset(hosts) }} {{ hosts is superset(['db1']) }} {{ [true, 1] is all }} {{ [0, 1] is any }} {{ 'db1' is in(hosts) }} {{ 'a' is in 'abc' }} {{ port is divisibleby 10 }} {{ port is even }} {{ 3 is odd }} {{ missing is undefined }} {{ missing is not defined }}
{{ enabled is true }} {{ disabled is false }} {{ port is number }} {{ enabled is boolean }} {{ nothing is none }} {{ 1 is eq 1 }} {{ 2 is gt 1 }} {{ 'abc' is truthy }} {{ '' is falsy }} {{ none is not none }} {{ enabled is truthy }}
{{ range(3) | list }} {{ range(1, 4) | list }} {{ range(0, 10, 5) | list }} {{ range(5) | max }} {{ range(3) | map('string') | join(',') }} {{ range(0, 3) | length }} {{ 3 in range(5) }} {{ range(3)[1] }}
{{ 'a' * 3 }} {{ [0] * 2 }} {{ hosts + ['x'] }} {{ 'a' ~ 1 ~ none }} {{ 'a' + 'b' }} {{ -5 // 2 }} {{ -5 % 3 }} {{ 5.5 % 2 }} {{ (1 + 2) * 3 }} {{ 2 + 3 * 4 ** 2 }} {{ 2 ** 3 ** 2 }} {{ -2 ** 2 }}
{{ {'a': 1}.a }} {{ {'a': 1}['a'] }} {{ {'a': 1}.get('b', 'd') }} {{ {'a': 1}.get('a') }} {{ {1: 'x'}[1] }} {{ {'a': {'b': 1}}.a.b }} {{ [1, 2][0] }} {{ [[1, 2], [3]][1][0] }} {{ {'items': 1}['items'] }}
{{ 'x' if enabled }} {{ 'x' if disabled }}| {{ 'a' if disabled else 'b' }} {{ ('a' if enabled else 'b') | upper }} {{ 'a' if enabled else 'b' | upper }} {{ indirect }} {{ indirect | upper }} {{ [indirect] }}
{{ 10 | string | length }} {{ 10 ~ 20 }} {{ 1.10 }} {{ 100000000000000000000 if false else 1 }} {{ 12345678901 }} {{ 0.00001 }} {{ 1000000.0 * 1e16 }} {{ 1 / 3 }} {{ 2 / 3 * 3 }}
{{ [1, 'a', none, true, 1.5, [2], {'k': 'v'}] }} {{ ('a', 1) | list }} {{ {'a': none, 'b': true} }} {{ ["it's"] }} {{ ['h\u00e9'] }} {{ ['a\b'] }} {{ [title] }}
{{ 'abc' | list }} {{ limits | dict2items | length }} {{ 'abc' | first }} {{ 'abc' | last }} {{ [] | first | default('none') }} {{ [] | length }} {{ [] | sum }} {{ [] | max | default(0) }} {{ '' | length }}
{{ users | map(attribute='groups') | flatten | unique | sort | list }} {{ users | map(attribute='groups') | map('length') | list }} {{ users | subelements('groups') | map('last') | list }}
{{ hosts | map('regex_search', '\d') | list }} {{ ['a=1', 'b=2'] | map('split', '=') | list }} {{ dict(['a=1', 'b=2'] | map('split', '=')) }} {{ hosts | zip([1, 2, 3]) | map('join', ':') | list }} {{ dict(hosts | zip([1, 2, 3])) }}
{{ ['b', 'a'] | ansible.builtin.unique }}
{{ 'aXbXc' | split('X') | last }} {{ 'key=value' | split('=') | first }} {{ 'a b c' | split | reverse | join(' ') }} {{ ['a', 'b'] | join('\n') }} {{ 'a\tb' }} {{ "a\nb" }} {{ 'a\nb' }}
{{ hosts.index('db1') }} {{ numbers.count(1) }} {{ hosts | length > 2 }} {{ (hosts | length) * 2 }} {{ hosts | length / 2 }} {{ (hosts | length / 2) | round(0, 'ceil') | int }} {{ hosts[0][-1] }} {{ hosts[1:] + hosts[:1] }}
{{ (ratio * 1024) | int }}M {{ (port / 2) | int }} {{ port * 0.5 }} {{ (port * 0.5) | int }} {{ (port * 0.75) | round | int }} {{ [port // 3, 4096] | min }} {{ (secs * 1.5) | round(1) }} {{ 8192 * 0.25 }}
{{ lookup('env', 'X') if false else 'ok' }} {{ true and 'x' or 'y' }} {{ none | default('d', true) }} {{ undefined_a | default(undefined_b) | default('c') }} {{ (missing | default([])) | length }} {{ missing.deep.er | default('x') }} {{ users[9].name | default('x') }}
`
  .trim()
  .split('\n');

/** Statements, as they stand in variables and attributes. */
export const dailyStatements: readonly string[] = [
  '{% for h in hosts %}{{ loop.cycle("odd", "even") }} {% endfor %}{% for a, b in [[1, 2], [3, 4]] %}{{ a + b }};{% endfor %}',
  '{% set t = ("a",) %}{{ t | length }} {% set u = 1, 2 %}{{ u | length }} {% set body %}a{{ port }}{% endset %}{{ body }}',
  '{% for h in hosts %}{{ loop.index }}/{{ loop.length }} {{ h }}{% if not loop.last %}, {% endif %}{% endfor %}',
  '{% for h in hosts %}{{ loop.index0 }}{{ loop.first }}{{ loop.last }}{{ loop.revindex }}{{ loop.revindex0 }} {% endfor %}',
  '{% for h in hosts %}{{ loop.previtem | default("-") }}<{{ loop.nextitem | default("-") }} {% endfor %}',
  '{% for u in users %}{% if loop.changed(u.active) %}[{{ u.active }}]{% endif %}{{ u.name }}{% endfor %}',
  '{% for k, v in limits.items() %}{{ k }}={{ v }};{% endfor %}',
  '{% for (k, v) in sites.items() %}{{ k }}={{ v.port }};{% endfor %} {% for (k, v) in limits | dictsort if v > 1 %}{{ k }}={{ v }};{% else %}-{% endfor %}',
  '{% for h, (k, v) in hosts | zip(limits.items()) %}{{ h }}:{{ k }}={{ v }};{% endfor %} {% for (x) in numbers %}{{ x }}{% endfor %} {% set (a, b) = (1, 2) %}{{ a }}{{ b }}',
  '{% for k in sites | sort %}{{ k }}:{{ sites[k].port }};{% endfor %}',
  '{% for k, v in sites | dictsort %}{{ k }}={{ v.port }};{% endfor %}',
  '{% for i in range(1, 4) %}{{ i }}{% endfor %} {% for x in [] %}{{ x }}{% else %}none{% endfor %}',
  '{% for u in users if u.active %}{{ loop.index }}{{ u.name }}{% endfor %}',
  '{% for u in users %}{% for g in u.groups %}{{ loop.index }}{{ u.name }}:{{ g }} {% endfor %}{% endfor %}',
  '{% for x in "abc" %}{{ x }}.{% endfor %} {% for x in [1, 2, 3, 4] if x is odd %}{{ x }}{% endfor %}',
  '{% for f in floats %}{{ f }} {% endfor %}{% for x in [1.0] %}{{ x + 1 }}{% endfor %}',
  '{% if port == 80 %}a{% elif port == 8080 %}b{% else %}c{% endif %} {% if not disabled %}y{% endif %}',
  '{% if env in ["prod", "stage"] and enabled %}yes{% endif %} {% if hosts %}some{% endif %} {% if nothing %}x{% else %}y{% endif %}',
  '{% set x = 5 %}{{ x }} {% set y = x / 2 %}{{ y }} {% set z = ratio %}{{ z }} {% set a, b = 1, 2 %}{{ a }}{{ b }}',
  '{% set ns = namespace(found=false) %}{% for h in hosts %}{% if h == "db1" %}{% set ns.found = true %}{% endif %}{% endfor %}{{ ns.found }}',
  '{% set ns = namespace(total=0.0) %}{% for f in floats %}{% set ns.total = ns.total + f %}{% endfor %}{{ ns.total }}',
  '{% macro row(k, v="-", sep="=") %}{{ k }}{{ sep }}{{ v }}{% endmacro %}{{ row("a") }} {{ row("b", 2) }} {{ row("c", sep=": ") }}',
  '{% macro show(x) %}{{ x }}{% endmacro %}{{ show(ratio) }} {{ show(2) }} {{ show("a") | upper }}',
  '{% macro wrap(t) %}<{{ t }}>{{ caller() }}</{{ t }}>{% endmacro %}{% call wrap("b") %}in{% endcall %}',
  '{% macro each(l) %}{% for x in l %}{{ caller(x) }}{% endfor %}{% endmacro %}{% call(x) each(hosts) %}[{{ x }}]{% endcall %}',
  '{% filter upper %}abc{% endfilter %} {% filter indent(2) %}a\nb{% endfilter %} {% filter replace("a", "b") %}aaa{% endfilter %}',
  '{% raw %}{{ not }} {% rendered %}{% endraw %} {{ "{{" }} {{ "{%" }}',
  'a {%- if true -%} b {%- endif -%} c {{- port -}} d {#- gone -#} e',
  '{#- a -#} x {# b #} y {%- set x = 1 %} z {%- raw -%} {{ q }} {%- endraw -%} w',
  'a\n\n{%- if true %}\n\nb\n{%- endif %}\nc\n{{- port }}\n{{ port -}}\n d\n',
  'a\n  {%+ if true %}b{% endif +%}\nc\n  {%+ raw %}x{% endraw +%}\nd {#+ c +#}\ne\n',
  '{% set joined = joiner(", ") %}{% for h in hosts %}{{ joined() }}{{ h }}{% endfor %} {% set c = cycler("a", "b") %}{{ c.next() }}{{ c.next() }}{{ c.next() }}',
  '{{ users.0.name }} {{ numbers.0 }} {{ users.0.groups.1 }} {{ nested.1.1.0 }} {{ hosts.9 | default("x") }} {{ hosts.0.upper() }}',
  '{{ "a" "b" }} {{ "a" "b" | upper }} {{ "a" "b".upper() }} {{ 1e3 }} {{ 1.5e3 }} {{ 2e-1 + 1 }} {{ [1E2] }}',
  '{{ text }}{{ text }}|',
  '{{ "a" }}{# comment with {{ braces }} and {% tags %} #}{{ "b" }}',
  'echo ${var#prefix} #} {{ port }} { # } %} }}',
];

/** Template files, byte by byte. */
export const dailyFiles: readonly string[] = [
  'list:\n  {% for i in [1, 2] %}\n  - {{ i }}\n  {% endfor %}\nend',
  'list:\n  {%- for i in [1, 2] %}\n\n  - {{ i }}\n  {%- endfor %}\n\nend\n',
  '#jinja2: lstrip_blocks: True, trim_blocks: False\nlist:\n  {% for i in [1, 2] %}\n  - {{ i }}\n  {% endfor %}\nend\n',
  '#jinja2: lstrip_blocks: True\nlist:\n  {% for i in [1, 2] %}\n  - {{ i }}\n  {% endfor %}\nend\n',
  '#jinja2:lstrip_blocks:"True",trim_blocks:True\n  {% if true %}\na {% if true %} b\n  {% endif %}\n{% endif %}\n',
  '#jinja2: trim_blocks: False\n{% if true %}\na\n{% endif %}\nb\n',
  '#jinja2: keep_trailing_newline: True\n{{ text }}\n',
  '#jinja2: newline_sequence: "\\r\\n"\na\n{{ text }}{% raw %}\nb\n{% endraw %}c\n\n',
  '#jinja2: lstrip_blocks: 1, keep_trailing_newline: False\n  {# c #}\n  a {# d #}\n\t{% set x = 1 %}\n{{ x }}\n',
  ' #jinja2: lstrip_blocks: True\n  {% if true %}\na\n  {% endif %}\n',
  '{{ text }}\n',
  '{{ text }}',
  '{{ text }}\n\n\n',
  'a\r\n{% if true %}\r\nb\r\n{% endif %}\r\nc\r\n',
  'a\n\n\n',
  '\n\na {{ port }}\n',
  '{% raw %}\n{{ a }}\n{% endraw %}\nb\n',
  'x\n  {%- raw -%}\n  {{ a }}\n  {%- endraw -%}\n  y\n',
  'x {% raw -%}  {{ a }}  {%- endraw %} y {%raw%}{% raw %}{%endraw%} z',
  '  {% raw %} {% if %} {% endraw %}\nb',
  '{# one #}\na\n  {# two #}\nb {#- three -#}\n c\n{#\nfour\n#}\nd\n',
  'a {{ port }} {{- port -}} b\n  {{ port }}\n{{- port }}\n\n{{ port -}}\n\nc\n',
  '  {%- if true -%}  \n  a  \n  {%- endif -%}  \n  b\n',
  '{% if false %}\na\n{% endif %}',
  '{% if true %}\na\n{% endif %}\n\n',
  '{% for u in users %}\nuser {{ u.name }} {\n    uid {{ u.uid }};\n    {% if u.active %}\n    active;\n    {% endif %}\n}\n{% endfor %}\n',
  '{% for u in users -%}\n{{ u.name }}\n{%- if not loop.last %},{% endif %}\n{% endfor %}\n',
  'server {\n    listen {{ port }};\n{% if enabled %}\n    ssl on;\n{% endif %}\n{% for h in hosts %}\n    upstream {{ h }};\n{% endfor %}\n}\n',
  '[section]\nkey = {{ ratio }}\nhalf = {{ secs / 2 }}\n{{ limits | to_nice_json }}\n{{ defaults | to_nice_yaml(indent=2) }}\n',
  '  {%+ if true %}\n a\n  {%+ endif %}\n{% if true +%}\n\nb\n{% endif %}\n',
  '#jinja2: lstrip_blocks: True\n  {%+ if true %}a\n  {%- endif +%}\nb\n  {#+ c #}d\n',
  "{{ 'a\\tb' }} {{ \"a\\nb\" }} {{ 'a\\\\b' }} {{ 'it\\'s' }}\n{{ 'x.y' | regex_replace('\\\\.', '-') }} {{ 'x.y' | regex_replace('\\.', '-') }}\n",
  'awk { print $1 } %}} {{ port }}%\n#}\n',
  '{% macro m(a) %}\n  {{ a }}\n{% endmacro %}\n{{ m(1) }}{{ m(2) }}\n',
  '{% set x %}\nline\n{% endset %}\n[{{ x }}]\n',
  '{% block a %}\nx\n{% endblock %}\ny\n',
  '{% block a %}\nx\n{% endblock a %}\ny\n',
  '{% if true %}a{% endif %}\nb\n{{ port }}\nc\n',
  '\t{% if true %}\n\tx\n\t{% endif %}\n',
  '',
  '\n',
];

/** What Ansible refuses, and we. */
export const dailyRefused: readonly string[] = [
  '{% for n in numbers %}{% if n == 2 %}{% continue %}{% endif %}{{ n }}{% endfor %}',
  '{% for n in numbers %}{% if n == 2 %}{% break %}{% endif %}{{ n }}{% endfor %}',
  '{% do hosts %}x',
  '{{ [{"a": 1}] | selectattr("v") | list }}',
  '{{ [{"a": 1}] | rejectattr("v") | list }}',
  '{{ users | selectattr("shell") | list }}',
  '{{ [{"a": 1}] | selectattr("v", "eq", 1) | list }}',
  '{{ "aXa".replace("a", "b", count=1) }}',
  '{{ "a".upper(1) }}',
  '{{ "a".split(separator=",") }}',
  '{{ "a".strip(chars="a") }}',
  '{{ "a".startswith(prefix="a") }}',
  '{{ {"a": 1}.get(key="a") }}',
  '{{ {"a": 1}.items(1) }}',
  '{{ [1].index() }}',
  '{{ [1].index(2) }}',
  '{{ "a".join() }}',
  '{{ "a".zfill(width=3) }}',
  '{{ "a".replace("a") }}',
  '{{ "abc".index("z") }}',
  '{{ [2.0, 1][1.0] }}',
  '{{ "a" * 2.0 }}',
  '{{ range(2.0) | list }}',
  '{{ "abc"[1.0:] }}',
  '{{ numbers | batch }}',
  '{{ "x" | round }}',
  '{{ 1 + "1" }}',
  '{{ 1 < "1" }}',
  '{{ users | sort }}',
  '{{ users | groupby("shell") }}',
  '{{ users | map(attribute="shell") | list }}',
  '{{ [1, "a"] | sort }}',
  '{{ {} | combine([1]) }}',
  '{{ "x" | ternary }}',
  '{{ [1, 2] | zip_longest(3) | list }}',
  '{{ (,) }}',
  '{{ [1,,2] }}',
  '{{ 1 if }}',
  '{{ hosts | join(1) | upper() | foo }}',
  '{% for x in 5 %}{% endfor %}',
  '{% set a, b = [1, 2, 3] %}',
  '{% endfor %}',
  '{% raw %}x',
  '{# never closed',
  '{% if true %}x{% else %}y{% else %}z{% endif %}',
  '{% macro m(a) %}{{ a }}{% endmacro %}{{ m() }}',
  '{% macro m(a) %}{{ a }}{% endmacro %}{{ m(1, 2) }}',
  '{% macro m(a) %}{{ a }}{% endmacro %}{{ m(b=1) }}',
];
