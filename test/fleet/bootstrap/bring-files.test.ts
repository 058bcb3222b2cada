import { expect, it } from 'vitest';
import { bringFiles } from '../../../src/fleet/bootstrap/bring-files.ts';
import { readHostFiles } from '../../../src/fleet/bootstrap/host-files.ts';
import { parseLook } from '../../../src/fleet/bootstrap/look.ts';
import { localConnection } from '../../support/local-connection.ts';

const ok = { exitCode: 0, stdout: '', stderr: '' };
const signal = new AbortController().signal;
const policy = `policy\t${Buffer.from('host: "web1"\n').toString('base64')}\n`;
const lookWith = (lines: string) => parseLook(`uid\t0\n${lines}${policy}end\tyes\n`)!;

it.each([
  ['is left alone where it has read all that stands there', 'active\tyes\n', []],
  [
    'is started again where whoever brought it was cut off before that',
    'active\tyes\nunread\tyes\n',
    ['systemctl restart timmy-reconciler.service'],
  ],
  ['is left to who starts it where it does not run', 'unread\tyes\n', []],
])('an agent whose settings are those that are brought %s', async (_what, lines, expected) => {
  const done: string[] = [];
  const connection = {
    ...localConnection('web1'),
    run(argv: readonly string[]) {
      done.push(argv.join(' '));
      return Promise.resolve(ok);
    },
  };
  const files = readHostFiles('web1', { policy: undefined, directory: undefined });

  expect(await bringFiles(connection, { look: lookWith(lines), files }, () => undefined, signal)).toBeUndefined();
  expect(done).toEqual(expected);
});

it('an agent that does not start with a new policy is told as down where the one before cannot be put back', async () => {
  const answers = [ok, { ...ok, exitCode: 1 }, { ...ok, exitCode: 1, stderr: 'No space left on device' }];
  const connection = { ...localConnection('web1'), run: () => Promise.resolve(answers.shift()!) };
  const files = readHostFiles('web1', { policy: undefined, directory: undefined });
  const given = { ...files, policy: { ...files.policy, content: Buffer.from('host: web1\n'), isGiven: true } };

  expect(await bringFiles(connection, { look: lookWith('active\tyes\n'), files: given }, () => undefined, signal)).toMatchObject({
    verdict: 'error',
    message: expect.stringMatching(
      /^the agent does not start with the new host policy, and .* could not be written, .*the disk is full/,
    ) as string,
  });
});
