import { resourceCases } from './bad-case.ts';

let made = 0;
/** Each has a path of its own, so that they can stand in one repository. */
const file = (more: string): string => `  - kind: file\n    path: /srv/common${made++}\n    content: x\n${more}`;

/** What every resource has: kind, common attributes, for_each. */
export const resourceDocumentCases = resourceCases([
  ['a resource that is a text', 'wrong-type', '  - ¦file\n'],
  ['a resource that is nothing', 'wrong-type', '  -¦\n'],
  ['a resource that is a list', 'wrong-type', '  - ¦[file, /x]\n'],
  ['a resource with no kind', 'missing-key', '  - ¦path: /x\n'],
  ['an empty kind', 'wrong-type', '  - kind: ¦""\n'],
  ['a kind that is a number', 'wrong-type', '  - kind: ¦1\n'],
  ['a misspelt kind', 'unknown-kind', '  - kind: ¦flie\n    path: /x\n'],
  ['the kind constructor', 'unknown-kind', '  - kind: ¦constructor\n'],
  ['an Ansible task', 'missing-key', '  - ¦name: install\n    apt: {name: nginx}\n'],
  ['an unknown attribute', 'unknown-key', file('    ¦colour: red\n')],
  ['a misspelt attribute', 'unknown-key', file('    ¦onwer: root\n')],
  ['a misspelt common attribute', 'unknown-key', file('    ¦notfy: x\n')],
  ['the attribute constructor', 'unknown-key', file('    ¦constructor: x\n')],
  ['when as a list', 'wrong-type', file('    when: ¦[a]\n')],
  ['when as a number', 'wrong-type', file('    when: ¦1\n')],
  ['when as nothing', 'wrong-type', file('    when: ¦\n')],
  ['for_each as a number', 'wrong-type', file('    for_each: ¦3\n')],
  ['for_each as a boolean', 'wrong-type', file('    for_each: ¦true\n')],
  ['for_each over a text', 'wrong-type', file('    for_each: ¦jobs\n')],
  ['for_each over a number from a template', 'wrong-type', file('    for_each: ¦"{{ 3 }}"\n')],
  ['after as a mapping', 'wrong-type', file('    after: ¦{a: b}\n')],
  ['after with a number', 'wrong-type', file('    after: [¦5]\n')],
  ['notify as a boolean', 'wrong-type', file('    notify: ¦true\n')],
  ['tags with a list in it', 'wrong-type', file('    tags: [¦[a]]\n')],
  ['an unknown on_drift', 'wrong-type', file('    on_drift: ¦ignore\n')],
  ['on_drift as a boolean', 'wrong-type', file('    on_drift: ¦false\n')],
  ['on_drift from a template', 'wrong-type', file('    on_drift: ¦"{{ \'never\' }}"\n')],
  ['an unknown prune', 'wrong-type', file('    prune: ¦never\n')],
  ['prune as a boolean', 'wrong-type', file('    prune: ¦true\n')],
  ['sensitive as a word', 'wrong-type', file('    sensitive: ¦"yes"\n')],
  ['sensitive as a number', 'wrong-type', file('    sensitive: ¦1\n')],
  [
    'five problems in a resource',
    'wrong-type wrong-type wrong-type wrong-type wrong-type',
    '  - kind: file\n    path: /srv/five\n    content: x\n    when: ¦[]\n    after: ¦1\n    tags: ¦1\n    on_drift: ¦x\n    prune: ¦x\n',
  ],
]);
