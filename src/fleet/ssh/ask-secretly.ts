import { liveScreen } from '../../report/live-screen.ts';

let turn: Promise<unknown> = Promise.resolve();

/**
 * Asks a person on the terminal, one question after the other, and shows nothing of the answer. Undefined where nobody is there, where they
 * give up, and where the signal ends before they have answered.
 */
export function askSecretly(question: string, signal: AbortSignal): Promise<string | undefined> {
  const answer = turn.then(() => liveScreen.ask(() => ask(question, signal)));
  turn = answer.catch(() => {});
  return answer;
}

async function ask(question: string, signal: AbortSignal): Promise<string | undefined> {
  const { stdin, stderr } = process;
  if (!stdin.isTTY || !stderr.isTTY || signal.aborted) return undefined;
  // First: what is typed at once would be shown.
  stdin.setRawMode(true);
  stderr.write(question);
  stdin.resume();
  const typed: number[] = [];
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  const read = (bytes: Buffer): void => {
    for (const byte of bytes) {
      if (byte === 0x0d || byte === 0x0a) return resolve(Buffer.from(typed).toString());
      // No terminal in this mode makes a signal of it.
      if (byte === 0x03) return void process.kill(process.pid, 'SIGINT');
      if (byte === 0x04) return resolve(undefined);
      if (byte === 0x7f || byte === 0x08) typed.pop();
      else if (byte === 0x15) typed.length = 0;
      else if (typed.length < 1024) typed.push(byte);
    }
  };
  const isOver = (): void => resolve(undefined);
  stdin.on('data', read).once('end', isOver);
  signal.addEventListener('abort', isOver, { once: true });
  try {
    return await promise;
  } finally {
    stdin.off('data', read).off('end', isOver);
    signal.removeEventListener('abort', isOver);
    stdin.setRawMode(false);
    stdin.pause();
    stderr.write('\n');
  }
}
