import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openNotifier } from '../../src/notify/notifier.ts';
import { openAgentState } from '../../src/state/agent-state.ts';
import { tell } from '../support/tell.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { channels, ended, failedRun } from './notify-rig.ts';

const signal = new AbortController().signal;

/** Tells one failure to a program; the answer is what the notifier says of it. */
async function tellTo(directory: string, script: string): Promise<{ readonly problem?: string }> {
  const file = join(directory, 'tell.cjs');
  writeFileSync(file, script);
  using state = openAgentState(join(directory, 'state'));
  const given = channels({ type: 'command', argv: [process.execPath, file, '$(touch x)'] });
  const notifier = openNotifier({ channels: given, host: 'allegro', memory: state.memory('notify'), now: Date.now });
  return await tell(notifier, ended(failedRun('b')), signal);
}

describe('a command', () => {
  it('gets the message on its input, its arguments as they are, and nothing of the environment', async () => {
    using directory = temporaryDirectory();
    const out = join(directory.path, 'out.json');
    process.env['RECONCILE_TEST_CANARY'] = 'from the agent';
    const answer = await tellTo(
      directory.path,
      `const { readFileSync, writeFileSync } = require('node:fs');
       const message = JSON.parse(readFileSync(0, 'utf8'));
       writeFileSync(${JSON.stringify(out)}, JSON.stringify({ message, argv: process.argv.slice(2), env: Object.keys(process.env).sort() }));`,
    );
    delete process.env['RECONCILE_TEST_CANARY'];

    expect(answer).toEqual({});
    expect(JSON.parse(readFileSync(out, 'utf8'))).toMatchObject({
      message: { schema: 'reconcile.notification/1', host: 'allegro', notices: [{ topic: 'failure' }] },
      argv: ['$(touch x)'],
      env: ['HOME', 'LC_ALL', 'LOGNAME', 'PATH', 'USER'],
    });
  });

  it('that fails is told with its exit code and its last words, on one line', async () => {
    using directory = temporaryDirectory();
    const { problem } = await tellTo(directory.path, `console.error('no route\\x1b[2J'); process.exit(3);`);

    expect(problem).toContain(`command ${process.execPath}: exit 3: no route\\e[2J (1 kept`);
  });
});
