/** A host that something is fetched from. */
export interface Contact {
  readonly host: string;
  readonly scheme: 'https' | 'http' | 'ssh';
}

/** Whether a host name, as it stands in a URL, is this machine's own. */
export const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(host);
