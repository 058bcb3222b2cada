import { join } from 'node:path';
import { loadHostPolicy } from '../../host/host-policy.ts';
import { identityFiles, readIdentities } from '../../host/identities.ts';
import { readRecipients, recipientsFile, rekeySecret } from '../../inventory/edit-secrets.ts';
import { secretsDirectory } from '../../inventory/open-secrets.ts';
import { formatProblem } from '../../model/problem.ts';
import { openWorkingTree } from '../../source/working-tree.ts';
import { writeAtomically } from '../../source/write-atomically.ts';
import { ExitError } from '../../model/exit-error.ts';
import type { Invocation } from '../invocation.ts';
import { sourceOption } from '../request.ts';

/** Encrypts every secret for the present recipients: all of them, or none when one cannot be decrypted here. */
export async function run(invocation: Invocation): Promise<number> {
  const source = sourceOption(invocation);
  const { files } = openWorkingTree(source);
  const { recipients, problems } = await readRecipients(files);
  if (problems.length > 0)
    throw new ExitError('invalid', problems.map(formatProblem).join('\n'), `public keys go to ${recipientsFile}`);
  const { policy } = loadHostPolicy();
  const { age, problems: identityProblems } = readIdentities(policy);
  const rekeyed = new Map<string, Uint8Array>();
  const failures = identityProblems.map(formatProblem);
  for (const { path } of files.list(secretsDirectory)) {
    const bytes = path.endsWith('.age') ? files.read(path) : undefined;
    if (!bytes) continue;
    const keys = recipients.map(({ key }) => key);
    const result = await rekeySecret(bytes, age, keys);
    if ('unreadable' in result) failures.push(`${path}: ${result.unreadable}`);
    else rekeyed.set(path, result.bytes);
  }
  if (failures.length > 0) {
    const hint = `nothing was written; the identity is read from ${identityFiles(policy).age}, or RECONCILE_AGE_KEY_FILE`;
    throw new ExitError('invalid', failures.join('\n'), hint);
  }
  for (const [path, bytes] of rekeyed) writeAtomically(join(source, path), bytes, 0o644);
  process.stdout.write(`${rekeyed.size} encrypted for ${recipients.map(({ key, comment }) => comment || key).join(', ')}\n`);
  return 0;
}
