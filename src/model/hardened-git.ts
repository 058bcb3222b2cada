/** Settings under which git runs nothing and follows nothing that a repository or its server names, wherever this program calls it. */
export const hardenedGit = {
  'core.hooksPath': '/dev/null',
  'core.fsmonitor': 'false',
  'core.protectHFS': 'true',
  'core.protectNTFS': 'true',
  'protocol.version': '2',
  'fetch.fsckObjects': 'true',
  'transfer.credentialsInUrl': 'die',
  'transfer.bundleURI': 'false',
  'gc.auto': '0',
  'maintenance.auto': 'false',
  'submodule.recurse': 'false',
  'http.followRedirects': 'false',
  'credential.helper': '',
} as const;

/** Nobody's configuration counts, and nobody is asked. */
export const hardenedGitEnvironment = {
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_TERMINAL_PROMPT: '0',
  GIT_ASKPASS: '/bin/false',
  GIT_NO_REPLACE_OBJECTS: '1',
  GIT_OPTIONAL_LOCKS: '0',
} as const;

/** Both, and more settings: those that git takes from its environment, of which a value may be a token, stand in no process list. */
export function hardenedEnvironment(more: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const entries = Object.entries({ ...hardenedGit, ...more });
  const numbered = entries.flatMap(([key, value], index) => [
    [`GIT_CONFIG_KEY_${index}`, key],
    [`GIT_CONFIG_VALUE_${index}`, value],
  ]);
  return { ...hardenedGitEnvironment, GIT_CONFIG_COUNT: String(entries.length), ...Object.fromEntries(numbered) };
}
