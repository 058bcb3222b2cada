import { milliseconds } from '../model/duration.ts';
import type { HostPolicyDocument } from '../model/host-policy-document.ts';
import { askRemotes } from '../source/git/fetch.ts';
import { unusableKeys } from '../source/git/signatures.ts';
import { finding, type Finding } from './finding.ts';

/** For which somebody who looks on waits for a remote. */
const patience = '20s';

/** Whether a host that pulls gets what its policy names, and can judge it: each remote is asked. Nothing where it follows none. */
export async function followFindings({ remote, trust }: HostPolicyDocument, signal: AbortSignal): Promise<readonly Finding[]> {
  if (!remote) return [];
  const timeout = milliseconds(remote.timeout) > milliseconds(patience) ? patience : remote.timeout;
  const answers = await askRemotes({ remote: { ...remote, timeout }, signal });
  const remotes = answers.map((answer) => {
    if ('code' in answer) return finding('remote', false, answer.message, answer.hint);
    const { url, tip } = answer;
    return finding(
      'remote',
      true,
      tip === null ? `${url} answers` : `${url} has ${remote.tag ?? remote.branch}, ${tip.slice(0, 12)}`,
    );
  });
  if (trust.verify === 'off') return remotes;
  const unusable = unusableKeys(trust);
  const keys = [trust.allowed_signers, trust.gpg_home].filter((each) => each !== undefined).join(', ');
  return [...remotes, finding('signatures', unusable === undefined, unusable ?? keys, 'correct `trust` in the host policy')];
}
