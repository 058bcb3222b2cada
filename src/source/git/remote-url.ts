import { isLoopback } from '../../model/contact.ts';

/** A remote that git may be called with. */
export interface RemoteUrl {
  readonly url: string;
  /** As `GIT_ALLOW_PROTOCOL` names it. */
  readonly transport: 'https' | 'http' | 'ssh' | 'file';
}

const forms = 'https://HOST/PATH, ssh://USER@HOST/PATH, USER@HOST:PATH or /PATH';
const scpLike = /^(?:[A-Za-z0-9_][\w.-]*@)?[A-Za-z0-9][\w.-]*:[\w~./][^:]*$/;
const plainName = /^[A-Za-z0-9_][\w.-]*$/;

/**
 * Reads the URL of a remote. Refused: what git would take for an option or a program (`-x`, `ext::`), credentials, which would
 * stand in process lists and messages, and http beyond this machine. The reason never quotes a URL that may hold credentials.
 */
export function readRemoteUrl(url: string): RemoteUrl | { readonly refused: string } {
  // eslint-disable-next-line no-control-regex -- control characters are what this is about
  if (/[\x00-\x20\x7f]/.test(url)) return { refused: `a remote URL holds a space or a control character; expected ${forms}` };
  if (url.startsWith('/')) return { url, transport: 'file' };
  if (scpLike.test(url) && !url.includes('://')) return { url, transport: 'ssh' };
  const parsed = URL.parse(url);
  const transport = { 'https:': 'https', 'http:': 'http', 'ssh:': 'ssh' }[parsed?.protocol ?? ''] as
    RemoteUrl['transport'] | undefined;
  if (!parsed || !transport || !url.includes('://'))
    return { refused: `a remote URL has a form that is not followed; expected ${forms}` };
  if (parsed.password !== '' || (transport !== 'ssh' && parsed.username !== ''))
    return { refused: `the remote at ${parsed.hostname} has credentials in its URL; put the token into token_file (0600)` };
  const isNamed = plainName.test(parsed.hostname) || parsed.hostname.startsWith('[');
  if (!isNamed || (parsed.username !== '' && !plainName.test(parsed.username)))
    return { refused: 'a remote URL has a host or user name that cannot be one' };
  if (transport === 'http' && !isLoopback(parsed.hostname))
    return { refused: `${parsed.hostname} is not on this machine, and http protects nothing on the way; use https` };
  return { url, transport };
}
