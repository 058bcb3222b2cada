import { statSync } from 'node:fs';
import type { TrustPolicy } from '../../model/host-policy-document.ts';
import type { Problem } from '../../model/problem.ts';
import { readPrivateFile } from '../private-file.ts';
import { GitFailure, runGit, type GitCall } from './run-git.ts';

/** What git's `%G?` says of a commit that is not plainly good. */
const verdicts: Readonly<Record<string, string>> = {
  N: 'is not signed',
  U: 'is signed by a key that this host does not trust',
  B: 'has a bad signature',
  E: 'has a signature that cannot be checked here',
  X: 'has a signature that has expired',
  Y: 'is signed by a key that has expired',
  R: 'is signed by a key that was revoked',
};

/**
 * Whether the commits from `floor` (not included; null: from the first one) to `commit` are signed as the trust policy asks. Only
 * a good signature of a trusted key will do. What cannot be checked is not trusted; what was applied, or what a person on this host
 * trusts, needs no signature.
 */
export async function checkSignatures(
  call: GitCall,
  trust: TrustPolicy,
  floor: string | null,
  commit: string,
): Promise<Problem | undefined> {
  if (trust.verify === 'off' || commit === floor) return undefined;
  const unusable = unusableKeys(trust);
  if (unusable !== undefined) return untrusted(unusable, 'correct `trust` in the host policy');
  const range = trust.verify === 'tip' ? ['-1', commit] : floor === null ? [commit] : [`${floor}..${commit}`];
  const reviewed = `having looked at it, on this host: reconcile trust reset --to ${commit}`;
  const args = ['log', '--no-show-signature', '--format=%H%x09%G?', ...range, '--'];
  const listed = await runGit(withKeys(call, trust), args).catch((error: unknown) => {
    if (error instanceof GitFailure && error.timedOut) return undefined;
    throw error;
  });
  if (listed === undefined)
    return untrusted(
      `the signatures of what is new could not be checked within ${call.timeout / 1000} s`,
      `allow more time: remote.timeout in the host policy; or, ${reviewed}`,
    );
  const bad = listed
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split('\t'))
    .filter(([, verdict]) => verdict !== 'G');
  const [first] = bad;
  if (!first) return undefined;
  const [id = '', verdict = ''] = first;
  const more = bad.length > 1 ? `, and ${bad.length - 1} more are not trusted` : '';
  const keys = trust.allowed_signers ?? trust.gpg_home ?? '';
  return untrusted(
    `commit ${id.slice(0, 12)} ${verdicts[verdict] ?? 'cannot be checked'}${more}`,
    `sign it with a key of ${keys}; or, ${reviewed}`,
  );
}

const untrusted = (message: string, hint: string): Problem => ({ code: 'untrusted-commit', message, hint });

/** Whoever can write these files decides whom this host obeys. */
export function unusableKeys({ allowed_signers: signers, gpg_home: home }: TrustPolicy): string | undefined {
  if (signers === undefined && home === undefined)
    return 'signatures are asked for, but neither allowed_signers nor gpg_home is named';
  if (signers !== undefined) {
    const read = readPrivateFile(signers, 'file of allowed signers', { mayBeRead: true });
    if ('refused' in read) return `${read.refused}; ${read.hint}`;
    if (!/^[ \t]*[^#\s]/m.test(read.bytes.toString('latin1'))) return `the file of allowed signers ${signers} names nobody`;
  }
  if (home === undefined) return undefined;
  const stat = statSync(home, { throwIfNoEntry: false });
  if (!stat?.isDirectory()) return `the GnuPG home ${home} is not a directory`;
  if (stat.uid !== 0 && stat.uid !== process.geteuid?.()) return `the GnuPG home ${home} belongs to another user`;
  return (stat.mode & 0o022) === 0 ? undefined : `the GnuPG home ${home} can be written by others; chmod 700 ${home}`;
}

/** A kind of signature without trusted keys finds none. */
const withKeys = (call: GitCall, { allowed_signers: signers, gpg_home: home }: TrustPolicy): GitCall => ({
  ...call,
  config: {
    ...call.config,
    'gpg.ssh.allowedSignersFile': signers ?? '/dev/null',
    ...(home === undefined ? { 'gpg.program': '/bin/false' } : {}),
    'gpg.x509.program': '/bin/false',
  },
  env: { ...call.env, GNUPGHOME: home ?? '/nonexistent' },
});
