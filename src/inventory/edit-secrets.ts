import type { WithProblems } from '../model/located.ts';
import type { Problem } from '../model/problem.ts';
import type { SourceTree } from '../model/revision.ts';
import { encryptAge, isRecipient, openDecrypter, type Decrypted } from './age.ts';
import { secretsDirectory } from './open-secrets.ts';

/** The file that lists for whom secrets are encrypted. */
export const recipientsFile = `${secretsDirectory}/recipients.txt`;

/** A public key that secrets are encrypted for. */
interface Recipient {
  readonly key: string;
  /** The comment in the lines directly above it, usually the host's or person's name. */
  readonly comment: string;
  readonly line: number;
}

interface Recipients extends WithProblems {
  readonly recipients: readonly Recipient[];
}

/** Reads `desired-state/secrets/recipients.txt`: one `age1...` per line, `#` comments, empty lines. Never throws. */
export async function readRecipients(files: SourceTree): Promise<Recipients> {
  const bytes = files.read(recipientsFile);
  const start = { file: recipientsFile, line: 1, column: 1 };
  if (!bytes) {
    const problem: Problem = {
      code: 'missing-file',
      message: 'there is no such file',
      at: start,
      hint: 'write one age1... key per line',
    };
    return { recipients: [], problems: [problem] };
  }
  const recipients: Recipient[] = [];
  const problems: Problem[] = [];
  let comment: string[] = [];
  for (const [index, raw] of bytes.toString('utf8').split('\n').entries()) {
    const line = raw.trim();
    if (line.startsWith('#')) comment.push(line.replace(/^#+\s*/, ''));
    else if (line !== '') {
      const at = { ...start, line: index + 1 };
      const twin = recipients.find(({ key }) => key === line);
      if (twin) problems.push({ code: 'duplicate-key', message: `the same key as in line ${twin.line}`, at });
      else if (await isRecipient(line)) recipients.push({ key: line, comment: comment.join(' '), line: at.line });
      else problems.push(await notRecipient(line, at));
    }
    if (!line.startsWith('#')) comment = [];
  }
  if (recipients.length === 0 && problems.length === 0) {
    problems.push({ code: 'missing-key', message: 'no recipient; expected at least one age1... key', at: start });
  }
  return { recipients, problems };
}

/** Never shows the line: it may be a private key in the wrong place. */
async function notRecipient(line: string, at: NonNullable<Problem['at']>): Promise<Problem> {
  return { code: 'wrong-type', message: 'not an age recipient; expected age1...', at, hint: await whyNot(line) };
}

async function whyNot(line: string): Promise<string> {
  if (/AGE-SECRET-KEY-/i.test(line))
    return 'this is a private key: take it out of the repository, make a new one, and replace it everywhere';
  if (line.startsWith('ssh-')) return 'ssh keys are not supported; make an age key with `age-keygen`';
  const [key = ''] = line.split(/\s+#/);
  return (await isRecipient(key)) ? 'write the comment in a line of its own, above the key' : 'a key was cut off or mistyped';
}

/** The same secret for other recipients, armored; what it holds is not looked at. Throws as `encryptAge`. */
export async function rekeySecret(
  bytes: Uint8Array,
  identities: readonly string[],
  recipients: readonly string[],
): Promise<Decrypted> {
  const decrypted = await (await openDecrypter(identities))(bytes);
  return 'unreadable' in decrypted ? decrypted : { bytes: await encryptAge(decrypted.bytes, recipients) };
}
