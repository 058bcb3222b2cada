import type { Finding } from '../../model/fleet.ts';
import type { Connection } from '../connection.ts';
import type { Look } from './look.ts';
import { failure, runScript } from './remote.ts';

/** Milliseconds; another apt-get may hold the lock for a part of it. */
const timeout = 900_000;

/**
 * A package that was interrupted is completed first. Not knowing a mirror any more is no reason to stop: what is wanted may be
 * there. Output goes to a file, so that a connection that is lost does not end dpkg in the middle.
 */
const script = `
log=$(mktemp) || exit
export DEBIAN_FRONTEND=noninteractive NEEDRESTART_MODE=a LC_ALL=C.UTF-8
{
  dpkg --configure -a
  apt-get --quiet -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 -o Acquire::http::Timeout=30 update
  apt-get --quiet --yes --no-install-recommends -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 \\
    -o Acquire::http::Timeout=30 -o Dpkg::Options::=--force-confold install "$@"
} >"$log" 2>&1 </dev/null
code=$?
tail -c 4000 "$log"
rm -f "$log"
exit $code
`;

/** git, which takes revisions, and the certificates that remotes and forges are checked against. */
export async function bringPackages(
  connection: Connection,
  { hasGit, hasCertificates }: Look,
  tell: (message: string) => void,
  signal: AbortSignal,
): Promise<Finding | undefined> {
  const missing = [...(hasGit ? [] : ['git']), ...(hasCertificates ? [] : ['ca-certificates'])];
  if (missing.length === 0) return undefined;
  tell(`installs ${missing.join(' and ')}`);
  const result = await runScript(connection, script, missing, { timeout, signal });
  if (result.exitCode === 0) return undefined;
  return failure(
    `apt-get could not install ${missing.join(' and ')}`,
    result,
    `look at /etc/apt/sources.list there, or install them by hand: apt-get install ${missing.join(' ')}`,
  );
}
