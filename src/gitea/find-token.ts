import { homedir } from 'node:os';
import { join } from 'node:path';
import type { GiteaPolicy } from '../model/host-policy-document.ts';
import type { Problem } from '../model/problem.ts';
import { Secret } from '../model/secret.ts';
import { readPrivateFile } from '../source/private-file.ts';

/** Below the home directory; the first that exists counts. */
const usualPlaces = ['.hermes/gitea_token', '.hermes/gitea_token_vps', '.config/gitea/token'];
const token = /^[\x21-\x7e]{1,512}$/;

/**
 * The token for Gitea's API: from `token_file` of the host policy, else from GITEA_TOKEN, else from the usual places. The
 * first that there is counts, and a file that others can read is refused instead of passed over.
 */
export function findToken(
  policy: Pick<GiteaPolicy, 'token_file'>,
  env: Readonly<NodeJS.ProcessEnv> = process.env,
): Secret | Problem {
  if (policy.token_file !== undefined)
    return (
      readToken(policy.token_file) ??
      problem(`the token file ${policy.token_file} does not exist`, 'write it, or correct gitea.token_file in the host policy')
    );
  const given = env['GITEA_TOKEN'];
  if (given)
    return token.test(given) ? Secret.of(given) : problem('GITEA_TOKEN does not hold a token', 'set it to the token alone');
  const home = env['HOME'] || homedir();
  for (const place of usualPlaces) {
    const found = readToken(join(home, place));
    if (found) return found;
  }
  const places = usualPlaces.map((place) => join(home, place)).join(', ');
  return problem(`there is no token for Gitea: GITEA_TOKEN is not set, and none of ${places} exists`, 'set gitea.token_file');
}

function readToken(file: string): Secret | Problem | undefined {
  const read = readPrivateFile(file, 'token file');
  if ('refused' in read) return read.isMissing ? undefined : problem(read.refused, read.hint);
  const text = read.bytes.toString('utf8').trim();
  if (!token.test(text))
    return problem(`the token file ${file} does not hold a token`, 'put the token into it, and nothing else');
  return Secret.of(text);
}

const problem = (message: string, hint: string): Problem => ({ code: 'secret-unreadable', message, hint });
