import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { addAbortSignal } from 'node:stream';
import { encryptAge } from '../../inventory/age.ts';
import { readRecipients, recipientsFile } from '../../inventory/edit-secrets.ts';
import { secretsDirectory } from '../../inventory/open-secrets.ts';
import { formatProblem } from '../../model/problem.ts';
import { readBounded } from '../../model/read-bounded.ts';
import { openWorkingTree } from '../../source/working-tree.ts';
import { decodeUtf8 } from '../../model/utf8.ts';
import { writeAtomically } from '../../source/write-atomically.ts';
import { ExitError } from '../../model/exit-error.ts';
import type { Invocation } from '../invocation.ts';
import { sourceOption } from '../request.ts';

const largest = 1024 * 1024;

/**
 * Encrypts standard input. The line break at the end of a single line is what `echo` and editors add, not part of a
 * token, and is dropped; a text of several lines (a private key) is kept to the byte.
 */
export async function run(invocation: Invocation): Promise<number> {
  const name = invocation.arguments[0]!;
  if (!/^[A-Za-z_]\w{0,63}$/.test(name)) {
    throw new ExitError(
      'usage',
      `'${name}' cannot be the name of a secret`,
      'letters, digits and "_", as templates write secrets.NAME',
    );
  }
  if (process.stdin.isTTY) {
    throw new ExitError(
      'usage',
      'a secret is read from standard input, not from the keyboard',
      `reconcile secret set ${name} < FILE`,
    );
  }
  const source = sourceOption(invocation);
  const { recipients, problems } = await readRecipients(openWorkingTree(source).files);
  if (problems.length > 0)
    throw new ExitError('invalid', problems.map(formatProblem).join('\n'), `public keys go to ${recipientsFile}`);
  const text = await readSecret(invocation.signal);
  const bytes = await encryptAge(
    text,
    recipients.map(({ key }) => key),
  );
  const file = `${secretsDirectory}/${name}.age`;
  mkdirSync(join(source, secretsDirectory), { recursive: true });
  writeAtomically(join(source, file), bytes, 0o644);
  process.stdout.write(`${file}: encrypted for ${recipients.map(({ key, comment }) => comment || key).join(', ')}\n`);
  return 0;
}

/** As a stream: asking Node whether it is a terminal has made a pipe one that is not waited for. */
async function readSecret(signal: AbortSignal): Promise<string> {
  const bytes = await readBounded(addAbortSignal(signal, process.stdin) as AsyncIterable<Buffer>, largest);
  if (!bytes) throw new ExitError('usage', 'a secret cannot have more than 1 MiB');
  const text = decodeUtf8(bytes);
  if (text === undefined) throw new ExitError('usage', 'a secret must be UTF-8 text');
  const isOneLine = text.indexOf('\n') === text.length - 1;
  const secret = isOneLine ? text.replace(/\r?\n$/, '') : text;
  if (secret === '') throw new ExitError('usage', 'the secret is empty');
  return secret;
}
