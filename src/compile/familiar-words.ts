import { own } from '../model/json.ts';
import { didYouMean } from '../model/nearest.ts';

type Words = { readonly [word: string]: readonly string[] };

/** Attributes as Ansible and Puppet call them, and what is meant here: the first that is known. */
const attributes: Words = {
  ...Object.fromEntries(['loop', 'with_items', 'with_list', 'with_dict'].map((word) => [word, ['for_each']])),
  state: ['ensure'],
  src: ['source', 'target'],
  dest: ['path'],
  to: ['target'],
  require: ['after'],
  checksum: ['sha256'],
  version: ['ref', 'versions'],
  job: ['command'],
  minute: ['schedule'],
  hour: ['schedule'],
  weekday: ['schedule'],
  cmd: ['argv'],
};

const kinds: Words = {
  copy: ['file'],
  template: ['file'],
  symlink: ['link'],
  apt: ['package'],
  systemd: ['service'],
  shell: ['command'],
  exec: ['command'],
  ufw: ['firewall'],
  get_url: ['download'],
  unarchive: ['download'],
  lineinfile: ['config'],
  blockinfile: ['config'],
  ini_file: ['config'],
  synchronize: ['tree'],
};

/** Modules that no kind stands for. */
const otherWays: { readonly [word: string]: string } = {
  mount: 'a `service` has the unit: name: srv-data.mount',
  hostname: 'write the file /etc/hostname',
  timezone: 'make the link /etc/localtime',
  apt_repository: 'write a file below /etc/apt/sources.list.d, and name it in "sources" of the package',
};

const variables: Words = {
  ansible_facts: ['facts'],
  ansible_distribution_version: ['facts.os_version'],
  ansible_distribution_release: ['facts.os_codename'],
  ansible_architecture: ['facts.arch'],
  ansible_hostname: ['inventory_hostname_short'],
  ansible_fqdn: ['inventory_hostname'],
};

/** Variables whose value has another form here. */
const otherForms: { readonly [word: string]: string } = {
  ansible_os_family: "write 'debian' in facts.os_family: it is a list, in small letters",
  ansible_distribution: 'write facts.os, which is in small letters: debian',
  vars: 'hostvars[inventory_hostname][NAME] is a variable by its name',
};

/** Attributes that nothing here stands for. */
const needless: { readonly [word: string]: string } = {
  become: 'leave it out: a run has the rights of the user who starts it',
  loop_control: 'leave it out: the name is always "item"',
  register: 'leave it out: a `command` has "unless", "onlyif" and "creates" to ask whether it is due',
  changed_when: 'leave it out: a `command` has "unless", "onlyif" and "creates" to ask whether it is due',
};

/** What is meant by a word that somebody brings along from another tool, or by one that is mistyped. */
export const familiarWords = {
  attribute: (word: string, known: readonly string[]): string | undefined =>
    own(needless, word) ?? meant(attributes, word, known) ?? didYouMean(word, known),
  kind(word: string, known: readonly string[]): string | undefined {
    const module = /^(?:ansible|community)\.\w+\.(\w+)$/.exec(word)?.[1];
    if (module !== undefined && known.includes(module)) return `did you mean "${module}"?`;
    const name = module ?? word;
    return own(otherWays, name) ?? meant(kinds, name, known) ?? didYouMean(name, known);
  },
  variable: (word: string, known: readonly string[]): string | undefined =>
    word === 'item' && !known.includes(word)
      ? 'only a resource with "for_each" has it'
      : (own(otherForms, word) ?? meant(variables, word, undefined) ?? didYouMean(word, known) ?? ofTheHost(word)),
};

const ofTheHost = (word: string): string | undefined =>
  word.startsWith('ansible_') ? '"facts" has what is asked of a host; write what else it is into its host_vars' : undefined;

function meant(words: Words, word: string, known: readonly string[] | undefined): string | undefined {
  const found = own(words, word)?.find((each) => known?.includes(each) ?? true);
  return found === undefined ? undefined : `did you mean "${found}"?`;
}
