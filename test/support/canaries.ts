import { createCipheriv, createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto';

/** Secrets that no output may ever hold, one for each way in which a secret can come into a repository. */
export const canaries = {
  content: 'canary-content-Q7w1',
  template: 'canary-template-x8R2',
  yaml: 'canary-yaml-mK33',
  json: 'canary-json-pL94',
  toml: 'canary-toml-Zz05',
  ini: 'canary-ini-tY16',
  dotenv: 'canary-dotenv-uB27',
  environment: 'canary-environment-eH38',
  pem: '-----BEGIN PRIVATE KEY-----\nMIIcanaryPemLineOneAa9Bb8\nMIIcanaryPemLineTwoCc7Dd6==\n-----END PRIVATE KEY-----\n',
  special: `canary"special'<&>\\\n{"member": "canary-inner \t%s $1 $& {{ x }}"}\n`,
  short: 'zQ7!k',
  digits: '4815162342108',
  parameter: 'canary-parameter-gJ49',
  fallback: 'canary-fallback-hN50',
  item_a: 'canary-item-one-iP61',
  item_b: 'canary-item-two-jS72',
  chained: 'canary-chained-kD83',
  encoded: 'canary-encoded-lF94',
  hashed: 'canary-hashed-nV15',
  condition: 'canary-condition-oC26',
  seeded: 'canary-seeded-qX37',
  nested: 'canary-nested-rW48',
  document: '{"user": "canary-document-sE59", "port": 50613371}',
  printed: 'canary-printed-vT60',
  checked: 'canary-checked-wU71',
  filed: 'canary-filed-bD25',
  keyed: '{"canary-key-yA82": "canary-of-key-zB93", "list": [{"canary-key-aC14": true}]}',
} as const;
export type Canary = keyof typeof canaries;

/** What filters make of canaries: as secret as these. */
const derived = [
  createHash('sha512').update(canaries.hashed).digest('hex'),
  createHash('md5').update(canaries.hashed).digest('hex'),
  canaries.template.toUpperCase(),
  canaries.content.split('').toReversed().join(''),
  '50613371',
  'canary-key-yA82',
  'canary-of-key-zB93',
  'canary-key-aC14',
];

/** Shorter forms turn up by chance. */
const shortestForm = 5;

/** The text in every coat in which it could get out. */
function formsOf(text: string): readonly string[] {
  const bytes = Buffer.from(text);
  const base64 = [0, 1, 2].map((shift) => {
    const encoded = Buffer.concat([Buffer.alloc(shift), bytes])
      .toString('base64')
      .replace(/=+$/, '');
    // The first and the last digits also depend on what stands beside the text.
    return encoded.slice(shift === 0 ? 0 : shift + 1, Math.floor(((shift + bytes.length) * 8) / 6));
  });
  const json = JSON.stringify(text).slice(1, -1);
  return [
    text,
    ...base64,
    ...base64.map((form) => form.replaceAll('+', '-').replaceAll('/', '_')),
    bytes.toString('hex'),
    bytes.toString('hex').toUpperCase(),
    json,
    JSON.stringify(json).slice(1, -1),
    encodeURIComponent(text),
    text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;'),
  ];
}

const texts: readonly (readonly [name: string, text: string])[] = [
  ...Object.entries(canaries).flatMap(([name, text]) => [text, ...text.split('\n')].map((part) => [name, part] as const)),
  ...derived.map((text) => ['derived', text] as const),
];
const needles = texts
  .filter(([, text]) => !/^(?:-----.*)?$/.test(text))
  .flatMap(([name, text]) => [...new Set(formsOf(text))].map((form) => [name, form, Buffer.from(form)] as const))
  .filter(([, form]) => form.length >= shortestForm);

/** The canaries that sing in these bytes, each with the form in which it was heard. */
export function canariesIn(bytes: string | Uint8Array): readonly string[] {
  const haystack = Buffer.from(bytes);
  return needles.filter(([, , needle]) => haystack.includes(needle)).map(([name, form]) => `${name}: ${JSON.stringify(form)}`);
}

/** As `ansible-vault encrypt_string` makes it. */
export function vaultText(text: string, password: string): string {
  const salt = randomBytes(32);
  const keys = pbkdf2Sync(password, salt, 10_000, 80, 'sha256');
  const padding = 16 - (Buffer.byteLength(text) % 16);
  const cipher = createCipheriv('aes-256-ctr', keys.subarray(0, 32), keys.subarray(64));
  const sealed = Buffer.concat([cipher.update(text), cipher.update(Buffer.alloc(padding, padding)), cipher.final()]);
  const hmac = createHmac('sha256', keys.subarray(32, 64)).update(sealed).digest('hex');
  const inner = Buffer.from([salt.toString('hex'), hmac, sealed.toString('hex')].join('\n')).toString('hex');
  return ['$ANSIBLE_VAULT;1.1;AES256', ...(inner.match(/.{1,80}/g) ?? [])].join('\n');
}
