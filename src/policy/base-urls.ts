import type { Problem } from '../model/problem.ts';
import { runFor } from '../model/time-limit.ts';
import { compileGlobs } from './glob.ts';
import type { JudgeInput } from './judge-input.ts';

/** Milliseconds for all texts together. Hundreds of times what a fleet's repository needs. */
const longestSearch = 10_000;
const maxReported = 100;

const unseen = {
  message: 'it would write a file that may name base URLs, and is too large or too deeply nested to be looked into',
  hint: 'make it smaller: YAML and JSON of up to 256 KiB are looked into',
};

/** Whether one of the policies lists what base URLs may be. */
export const listsUrls = ({ policy, hostPolicy }: Pick<JudgeInput, 'policy' | 'hostPolicy'>): boolean =>
  policy.base_urls.length > 0 || hostPolicy.provider_hosts !== undefined;

/**
 * Base URLs of provider chains must be plain, match `base_urls` where the repository lists any, and name a host that the
 * host policy allows where it lists any; where one of them does, also those that other resources write. A key is sent to
 * whatever stands here.
 */
export function judgeBaseUrls(input: JudgeInput): readonly Problem[] {
  const { policy, hostPolicy, chains, policyAt: at } = input;
  const allowed = compileGlobs(policy.base_urls, { name: 'base_urls', path: ['base_urls'], at });
  const hosts = compileGlobs(hostPolicy.provider_hosts ?? [], { name: 'host policy provider_hosts', path: [] });
  const found = [...allowed.problems, ...hosts.problems];
  for (const { host, address, at: position, chain } of chains) {
    chain.forEach(({ base_url: url }, index) => {
      const place = { address, ...(position && { at: position }) };
      if (url !== undefined) judgeUrl(url, `slot ${index + 1} on ${host} has`, place);
    });
  }
  if (!listsUrls(input)) return found;
  const searched = runFor(longestSearch, () => [...input.urls()]);
  if (!searched) {
    const message = `searching for base URLs in the files that would be written takes longer than ${longestSearch / 1000} s`;
    return [...found, { code: 'base-url-denied', message, hint: 'make the YAML and JSON files among them smaller' }];
  }
  for (const { url, isHidden, ...place } of searched.value) {
    if (found.length >= maxReported) break;
    if (url === undefined) found.push({ code: 'base-url-denied', ...unseen, ...place });
    else judgeUrl(url, 'it would write', place, isHidden);
  }
  return found;

  function judgeUrl(written: string, subject: string, place: Pick<Problem, 'address' | 'at'>, isHidden = false): void {
    const fault = faultOf(written);
    if (fault) {
      deny(isHidden ? 'which is not plain' : `which ${fault}`, 'write it as https://host/path');
      return;
    }
    const url = new URL(written);
    const text = url.href.replace(/\/$/, '');
    if (policy.base_urls.length > 0 && allowed.match(text) === undefined && allowed.match(`${text}/`) === undefined)
      deny('which base_urls does not allow', 'use an allowed URL, or add this one to base_urls in desired-state/policy.yaml');
    if (hostPolicy.provider_hosts && hosts.match(url.host) === undefined)
      deny(
        isHidden ? 'whose host the host policy does not allow' : `whose host "${url.host}" the host policy does not allow`,
        'only the owner of the host can add it to provider_hosts in host.yaml',
      );

    function deny(reason: string, hint: string): void {
      // A URL with user information may hold a password.
      const plain = written.includes('@') ? 'a base URL with "@"' : `the base URL ${JSON.stringify(written.slice(0, 200))}`;
      const message = `${subject} ${isHidden ? 'a base URL that is secret' : plain}, ${reason}`;
      found.push({ code: 'base-url-denied', message, ...place, hint });
    }
  }
}

/** What makes a URL something else than it looks like. The checks are about the text: the parser repairs too much. */
function faultOf(written: string): string | undefined {
  if (written.length > 2048) return 'is longer than 2048 characters';
  if (!/^[\x21-\x7e]*$/.test(written)) return 'holds white space or characters other than ASCII';
  const parts = /^(https?):\/\/([^/?#\\]*)([^?#\\]*)$/i.exec(written);
  if (!parts || !URL.canParse(written)) return 'is not a plain http or https URL without query, fragment and backslash';
  const [, , authority = '', path = ''] = parts;
  if (authority.includes('@')) return 'holds a user or password';
  if (path.includes('%') || authority.includes('%')) return 'holds percent escapes';
  const { hostname, host } = new URL(written);
  const name = authority.toLowerCase().replace(/:\d+$/, '');
  if (name !== hostname || !/^(:[1-9]\d*)?$/.test(authority.slice(name.length)))
    return `does not spell its host plainly ("${host}" is meant)`;
  if (hostname.endsWith('.')) return 'has a dot after its host';
  if (hostname.split('.').some((label) => label.startsWith('xn--'))) return 'has a host in punycode';
  if (/^\[(::ffff:|64:ff9b:|2002:|fe80:)/.test(hostname)) return 'hides another address in an IPv6 address';
  return undefined;
}
