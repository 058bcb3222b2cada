import { resourceCases } from './bad-case.ts';

const file = (path: string, more: string): string => `  - kind: file\n    path: ${path}\n    content: x\n${more}`;

/** Resources that are each in order, but not together. */
export const graphCases = resourceCases([
  [
    'the same file twice',
    'duplicate-resource',
    `${file('/srv/dup/a', '')}  - ¦kind: file\n    path: /srv/dup/a\n    content: y\n`,
  ],
  [
    'the same file from two items',
    'duplicate-resource',
    '  - ¦kind: file\n    for_each: [a, a]\n    path: "/srv/dup/{{ item }}"\n    content: x\n',
  ],
  [
    'a file and a link at one path',
    'duplicate-resource',
    `${file('/srv/dup/b', '')}  - ¦kind: link\n    path: /srv/dup/b\n    target: /x\n`,
  ],
  ['a file below a file', 'below-file', `${file('/srv/f', '')}  - ¦kind: file\n    path: /srv/f/g/h\n    content: y\n`],
  [
    'a file below a link, declared first',
    'below-file',
    `  - ¦kind: file\n    path: /srv/l/y\n    content: y\n  - kind: link\n    path: /srv/l\n    target: real\n`,
  ],
  ['a directory below a file', 'below-file', `${file('/srv/d', '')}  - ¦kind: directory\n    path: /srv/d/e\n`],
  ['after a resource that is not there', 'unknown-resource', file('/srv/u1', '    after: ¦file[/srv/nowhere]\n')],
  ['after a list with an unknown resource', 'unknown-resource', file('/srv/u2', '    after: [¦"file[/srv/nowhere]"]\n')],
  ['notifies a resource that is not there', 'unknown-resource', file('/srv/u3', '    notify: ¦command[reload]\n')],
  ['notifies a word', 'unknown-resource', file('/srv/u4', '    notify: ¦restart nginx\n')],
  ['notifies what cannot be refreshed', 'not-refreshable', file('/srv/n1', '    notify: ¦file[/srv/n2]\n') + file('/srv/n2', '')],
  [
    'two resources after each other',
    'cycle',
    `  - ¦kind: file\n    path: /srv/c1\n    content: x\n    after: file[/srv/c2]\n${file('/srv/c2', '    after: file[/srv/c1]\n')}`,
  ],
]);
