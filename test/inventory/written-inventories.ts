/** Inventories written by hand for one trait each; the oracle and ours must agree on all of them. */
export const writtenInventories: { readonly [title: string]: { readonly [path: string]: string } } = {
  'one host in all': { 'hosts.yml': 'all:\n  hosts:\n    a:\n' },
  'top-level groups without all': { 'hosts.yml': 'web:\n  hosts: {w1: , w2: }\ndb:\n  hosts: {d1: {x: 1}}\n' },
  'sections given as a word': { 'hosts.yml': 'all:\n  children: web\n  hosts: lone\nweb:\n  hosts: w1\n  vars: flag\n' },
  'null groups and sections': { 'hosts.yml': 'all:\n  hosts:\n  vars:\n  children:\n    web:\n    db: {hosts: }\n' },
  'numeric ranges': { 'hosts.yml': 'web:\n  hosts:\n    w[1:3]:\n    w[5:9:2].x:\n    w[08:11]-[0:1]:\n    "n[:2]":\n' },
  'letter ranges': { 'hosts.yml': 'web:\n  hosts:\n    db-[a:c].example: {v: 1}\n    db-[y:B]:\n    m[a:g:3]:\n' },
  ports: { 'hosts.yml': 'all:\n  hosts:\n    a:2222:\n    "[2001:db8::1]:22":\n    "192.0.2.[1:2]:99":\n    "2001:db8::2":\n' },
  'a port counts at the first mention only': {
    'hosts.yml': 'x:\n  hosts: {"h:1": , k: }\ny:\n  hosts: {"h:2": , "k:3": {ansible_port: 4}, "m:5": {ansible_port: 6}}\n',
  },
  'a host in many groups': {
    'hosts.yml': 'all:\n  hosts: {a: {v: all}}\n  children:\n    x: {hosts: {a: {v: x, w: x}}}\n    y: {hosts: {a: {w: y}}}\n',
  },
  'ungrouped hosts': {
    'hosts.yml': 'all:\n  hosts: {a: , b: , c: }\nungrouped:\n  hosts: {b: , d: }\n  vars: {u: 1}\nweb:\n  hosts: {c: , d: }\n',
  },
  'nested groups, three deep': {
    'hosts.yml':
      'all:\n  children:\n    a:\n      vars: {v: a, w: a}\n      hosts: {h0: }\n      children:\n        b:\n          vars: {v: b}\n' +
      '          hosts: {h1: }\n          children:\n            c: {hosts: {h2: {}, h0: }, vars: {w: c}}\n        d: {hosts: {h3: }}\n',
  },
  'a diamond': {
    'hosts.yml':
      'top:\n  children: {left: , right: }\n  vars: {v: top}\nright: {children: {leaf: }, vars: {v: right}}\n' +
      'left: {children: {leaf: }, vars: {v: left}}\nleaf: {hosts: {h: }}\n',
  },
  'a group that is deeper by another way': {
    'hosts.yml': 'a: {children: {b: }, vars: {v: a}}\nb: {children: {z: }, vars: {v: b}}\nz: {hosts: {h: }, vars: {v: z}}\n',
  },
  'equal depth goes by name': { 'hosts.yml': 'b: {hosts: {h: }, vars: {v: b}}\na: {hosts: {h: }, vars: {v: a}}\n' },
  'priority wins over the name': {
    'hosts.yml':
      'a: {hosts: {h: }, vars: {v: a, ansible_group_priority: 10}}\nb: {hosts: {h: }, vars: {v: b}}\n' +
      'c: {hosts: {h: }, vars: {v: c, ansible_group_priority: "-1"}}\n',
  },
  'depth wins over priority': {
    'hosts.yml': 'a: {children: {b: }, vars: {v: a, ansible_group_priority: 99}}\nb: {hosts: {h: }, vars: {v: b}}\n',
  },
  'priority in group_vars is an ordinary variable': {
    'hosts.yml': 'a: {hosts: {h: }, vars: {v: a}}\nb: {hosts: {h: }, vars: {v: b}}\n',
    'group_vars/a.yml': 'ansible_group_priority: 50\nw: a\n',
    'group_vars/b.yml': 'w: b\n',
  },
  'priority of all and of a host': {
    'hosts.yml': 'all: {vars: {v: 1, ansible_group_priority: 7}, hosts: {h: {ansible_group_priority: 3}}}\n',
  },
  'group_vars of a shallow group beat inline variables of a deep one': {
    'hosts.yml': 'zeta: {children: {deep: }}\ndeep: {hosts: {h: }, vars: {v: inline, ansible_group_priority: 10}}\n',
    'group_vars/zeta.yml': 'v: file\n',
  },
  'all six layers': {
    'hosts.yml':
      'all: {vars: {a: 1, b: 1, c: 1, d: 1, e: 1, f: 1}}\ng: {hosts: {h: {e: 5, f: 5}}, vars: {b: 2, c: 2, d: 2, e: 2, f: 2}}\n',
    'group_vars/all.yml': 'c: 3\nd: 3\ne: 3\nf: 3\n',
    'group_vars/g.yml': 'd: 4\ne: 4\nf: 4\n',
    'host_vars/h.yml': 'f: 6\n',
  },
  'mappings replace, they do not merge': {
    'hosts.yml':
      'all: {vars: {m: {a: 1, b: 2}}}\ng: {hosts: {h: {m: {c: 3}}}, vars: {m: {b: 4}}}\ng2: {hosts: {k: }, vars: {m: {z: 1}}}\n',
    'group_vars/g2.yml': 'm: {y: [1, 2]}\n',
  },
  'a file without extension hides the others': {
    'hosts.yml': 'g: {hosts: {h: }}\n',
    'group_vars/g': 'v: bare\n',
    'group_vars/g.yml': 'v: yml\n',
    'host_vars/h.yaml': 'w: yaml\n',
    'host_vars/h.json': '{"w": "json", "x": 1}\n',
  },
  'a directory hides the file, and is read sorted and recursively': {
    'hosts.yml': 'g: {hosts: {h: }}\n',
    'group_vars/g.yml': 'hidden: true\n',
    'group_vars/g/b.yml': 'v: b\nb: 1\n',
    'group_vars/g/a/z.yml': 'v: a-z\nz: 1\n',
    'group_vars/g/a-b.yml': 'v: a-b\nab: 1\n',
    'group_vars/g/c.d/x.yml': 'dotted_directory: 1\n',
    'group_vars/g/.hidden.yml': 'dot: 1\n',
    'group_vars/g/old.yml~': 'backup: 1\n',
    'group_vars/g/notes.txt': 'text: 1\n',
    'group_vars/g/plain': 'plain: 1\n',
    'group_vars/all/one.yml': 'one: 1\n',
  },
  'host_vars of names with dots': {
    'hosts.yml': 'all: {hosts: {a.example: , b.example: }}\n',
    'host_vars/a.example': 'v: 1\n',
    'host_vars/b.example.yml': 'v: 2\n',
    'host_vars/b.example.json': '{"v": 3}\n',
  },
  'group_vars of ungrouped': { 'hosts.yml': 'all: {hosts: {h: }}\ng: {hosts: {k: }}\n', 'group_vars/ungrouped.yml': 'u: 1\n' },
  'empty variable files': { 'hosts.yml': 'g: {hosts: {h: }}\n', 'group_vars/g.yml': '', 'host_vars/h.yml': '---\n# nothing\n' },
  'several inventories, in order': {
    '10-a.yml': 'g: {hosts: {h: {v: 10}}, vars: {w: 10, x: 10}}\n',
    '20-b.yaml': 'g: {hosts: {h: {v: 20}, k: }, vars: {w: 20}}\nn: {children: {g: }}\n',
    '05-c.json': '{"g": {"hosts": {"first": null}}}\n',
    'more/d.yml': 'm: {hosts: {last: }}\n',
    'README.md': 'not: an inventory\n',
    '.hidden.yml': 'secret: {hosts: {no: }}\n',
    'backup.yml~': 'old: {hosts: {no: }}\n',
  },
  'YAML 1.1 words and numbers': {
    'hosts.yml':
      'g:\n  hosts: {h: }\n  vars: {a: yes, b: off, c: 0644, d: 12:30, e: 1_000, f: ~, g1: 1.5, h1: "yes", i: n, j: 0x1F, k: 1e3, l: 2024-01-02}\n',
  },
  'anchors and merge keys': {
    'hosts.yml': 'g:\n  vars: &base {a: 1, b: 2}\n  hosts:\n    h: {<<: *base, b: 3}\n    k: *base\n',
  },
  'vault and unsafe values': {
    'hosts.yml':
      'g:\n  hosts: {h: }\n  vars:\n    s: !vault |\n      $ANSIBLE_VAULT;1.1;AES256\n      3031\n    u: !unsafe "{{ raw }}"\n    l: [!unsafe x]\n',
  },
  'templates stay text': { 'hosts.yml': 'all: {hosts: {h: {v: "{{ inventory_hostname }}", w: "%d"}}}\n' },
  'magic names are not printed': {
    'hosts.yml': 'all: {hosts: {h: {groups: 1, omit: 2, v: 3}}, vars: {inventory_hostname: x, playbook_dir: y}}\n',
  },
  'a host and a group of the same name': {
    'hosts.yml': 'web: {hosts: {web: {v: 1}, w2: {v: 2}}, vars: {g: 1}}\ndb: {hosts: {web: {w: 3}}}\n',
  },
  'a host named like a word of ours': { 'hosts.yml': 'constructor: {hosts: {toString: {hasOwnProperty: 1}, valueOf: }}\n' },
  'names that look like whole numbers': {
    'hosts.yml':
      'all:\n  hosts: {"10": , web1: , "2": }\n  children: {b: , "7": , "3": {hosts: {"1": , a: , "0": }}}\n' +
      '"5": {hosts: {"9": , "4": }}\nb: {children: {"6": {hosts: {"2": }}, "5": }}\n',
    'more.json': '{"all": {"hosts": {"30": null, "x": null, "20": null}}}\n',
  },
  'hosts that are merged': {
    'hosts.yml':
      'a: {hosts: &a {h1: {v: a}, h2: }}\nb: {hosts: &b {h3: , h1: {v: b}}}\nc: {hosts: {<<: [*a, *b], h4: }}\n' +
      'd: {hosts: {<<: *b, <<: *a, h2: {w: 1}}}\n',
  },
  'upper case, dashes, underscores': { 'hosts.yml': 'Web-1_x:\n  hosts: {A-b_c.Example: , WEB: }\n  vars: {Upper: X}\n' },
  localhost: { 'hosts.yml': 'all: {hosts: {localhost: {ansible_connection: local}, 127.0.0.1: }}\n' },
  'all under its own name': { 'hosts.yml': 'all: {children: {all: }}\n' },
  'a circle': { 'hosts.yml': 'a: {children: {b: {children: {c: {children: {a: }}}}}}\n' },
  'a group in itself': { 'hosts.yml': 'a: {children: {a: }, hosts: {h: }}\n' },
  'hosts as a list': { 'hosts.yml': 'a: {hosts: [x, y]}\n' },
  'a range without end': { 'hosts.yml': 'a: {hosts: {"x[1:]": }}\n' },
  'padding of unequal length': { 'hosts.yml': 'a: {hosts: {"x[01:100]": }}\n' },
  'a step of zero': { 'hosts.yml': 'a: {hosts: {"x[1:3:0]": }}\n' },
  'a priority that is no number': { 'hosts.yml': 'a: {vars: {ansible_group_priority: high}, hosts: {h: }}\n' },
  'variables of a host that are no mapping': { 'hosts.yml': 'a: {hosts: {h: 5}}\n' },
  'an inventory plugin': { 'hosts.yml': 'plugin: constructed\nstrict: false\n' },
};
