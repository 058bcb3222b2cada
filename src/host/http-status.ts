import { get as getPlainly } from 'node:http';
import { get as getSecurely } from 'node:https';

/** Of the first answer; redirects are not followed. Not `fetch`: that refuses some ports, and keeps connections. */
export function httpStatus(url: string, signal: AbortSignal, headers: Readonly<Record<string, string>> = {}): Promise<number> {
  return new Promise((resolve, reject) => {
    const get = url.startsWith('https:') ? getSecurely : getPlainly;
    const request = get(url, { signal, agent: false, headers }, (response) => {
      // However long the rest may go on.
      response.destroy();
      resolve(response.statusCode!);
    });
    request.once('error', reject);
  });
}
