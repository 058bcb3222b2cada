import { liveScreen } from '../../report/live-screen.ts';

let turn: Promise<unknown> = Promise.resolve();

/** Asks a person on the terminal, one question after the other, and shows nothing of the answer. Undefined where nobody is there, or they give up. */
export function askSecretly(question: string): Promise<string | undefined> {
  const answer = turn.then(() => liveScreen.ask(() => ask(question)));
  turn = answer.catch(() => {});
  return answer;
}

async function ask(question: string): Promise<string | undefined> {
  const { stdin, stderr } = process;
  if (!stdin.isTTY || !stderr.isTTY) return undefined;
  stderr.write(question);
  stdin.setRawMode(true);
  stdin.resume();
  const typed: number[] = [];
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  const read = (bytes: Buffer): void => {
    for (const byte of bytes) {
      if (byte === 0x0d || byte === 0x0a) return resolve(Buffer.from(typed).toString());
      if (byte === 0x03 || byte === 0x04) return resolve(undefined);
      if (byte === 0x7f || byte === 0x08) typed.pop();
      else if (byte === 0x15) typed.length = 0;
      else if (typed.length < 1024) typed.push(byte);
    }
  };
  const isOver = (): void => resolve(undefined);
  stdin.on('data', read).once('end', isOver);
  try {
    return await promise;
  } finally {
    stdin.off('data', read).off('end', isOver);
    stdin.setRawMode(false);
    stdin.pause();
    stderr.write('\n');
  }
}
