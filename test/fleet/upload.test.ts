import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Connection, RemoteProcess } from '../../src/fleet/connection.ts';
import { upload } from '../../src/fleet/upload.ts';
import { openSshPair, type SshPair } from '../support/ssh-connection.ts';
import { rejection } from '../support/ssh-operator.ts';
import { whyNoSsh } from '../support/ssh-server.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const never = new AbortController().signal;

describe.skipIf(whyNoSsh !== undefined)(`an upload${whyNoSsh ? ` (${whyNoSsh})` : ''}`, () => {
  let pair: SshPair;
  let connection: Connection;
  let place: ReturnType<typeof temporaryDirectory>;
  const bytes = randomBytes(6_000_001);
  beforeAll(async () => {
    pair = await openSshPair();
    ({ connection } = pair);
  });
  afterAll(() => pair[Symbol.asyncDispose]());
  beforeEach(() => {
    place = temporaryDirectory();
    writeFileSync(join(place.path, 'from'), bytes);
    return () => place[Symbol.dispose]();
  });
  const from = (): string => join(place.path, 'from');
  const file = (mode = 0o640) => ({ from: from(), to: join(place.path, "there's/a file"), mode });

  it('arrives to the byte, with its mode, in a directory that it makes', async () => {
    const told: number[] = [];
    const { to } = file();

    expect(await upload(connection, file(), never, (sent, total) => told.push(sent / total))).toBe('sent');
    expect(readFileSync(to).equals(bytes)).toBe(true);
    expect(statSync(to).mode & 0o777).toBe(0o640);
    expect(existsSync(`${to}.part`)).toBe(false);
    expect(told.at(-1)).toBe(1);
    expect(told).toEqual(told.toSorted((a, b) => a - b));
  });

  it('what is there already is not sent again; another mode is set', async () => {
    await upload(connection, file(), never);
    const before = statSync(file().to);
    const told: number[] = [];

    expect(await upload(connection, file(), never, (sent) => told.push(sent))).toBe('same');
    expect(await upload(connection, file(0o755), never, (sent) => told.push(sent))).toBe('same');
    expect([statSync(file().to).mode & 0o777, statSync(file().to).ino, told]).toEqual([0o755, before.ino, []]);
  });

  it('an empty file arrives, too', async () => {
    truncateSync(from(), 0);

    expect(await upload(connection, file(), never)).toBe('sent');
    expect(readFileSync(file().to)).toHaveLength(0);
  });

  it('a cut upload goes on where it ended, and the file is not there before it is whole', async () => {
    const own = await pair.another();
    const cut = rejection(
      upload(own, file(), never, (sent) => {
        if (sent > 2_000_000) void own[Symbol.asyncDispose]();
      }),
    );

    expect(await cut).toMatchObject({ absence: 'unreachable', isPassing: true });
    expect(existsSync(file().to)).toBe(false);
    // What the lost connection has left behind may still be at work over there.
    expect(await upload(connection, file(), never)).toBe('sent');
    expect(readFileSync(file().to).equals(bytes)).toBe(true);
  });

  it('what was left of it before is not sent again', async () => {
    mkdirSync(join(place.path, "there's"));
    writeFileSync(`${file().to}.part`, bytes.subarray(0, 4_000_000), { mode: 0o600 });
    const told: number[] = [];

    expect(await upload(connection, file(), never, (sent) => told.push(sent))).toBe('sent');
    expect(told[0]).toBeGreaterThan(4_000_000);
    expect(readFileSync(file().to).equals(bytes)).toBe(true);
    expect(readdirSync(join(place.path, "there's"))).toEqual(['a file']);
  });

  it('of two at the same time the later one is done, and the other one told', async () => {
    const held: Connection = {
      ...connection,
      async start(argv) {
        await upload(connection, file(), never);
        return connection.start(argv);
      },
    };
    truncateSync(from(), 3_000_000);
    const { message } = await rejection(upload(held, file(), never));

    expect(message).toMatch(/another upload of .* to web1 has begun/);
    expect(statSync(file().to).size).toBe(3_000_000);
  });

  it.each([
    ['of another file', Buffer.alloc(3_000_000, 1)],
    ['longer than the file', Buffer.concat([bytes, Buffer.alloc(5)])],
  ])('what was left %s is not built upon', async (_what, left) => {
    mkdirSync(join(place.path, "there's"));
    writeFileSync(`${file().to}.part`, left);

    expect(await upload(connection, file(), never)).toBe('sent');
    expect(readFileSync(file().to).equals(bytes)).toBe(true);
  });

  it('a link in the place of what was left is not written through', async () => {
    const victim = join(place.path, 'victim');
    writeFileSync(victim, 'untouched');
    mkdirSync(join(place.path, "there's"));
    symlinkSync(victim, `${file().to}.part`);
    await upload(connection, file(), never);

    expect([readFileSync(victim, 'utf8'), readFileSync(file().to).equals(bytes)]).toEqual(['untouched', true]);
  });

  it('only its owner can read what has arrived so far', async () => {
    let mode = 0;
    await upload(connection, file(0o644), never, () => {
      mode ||= (statSync(`${file().to}.part`, { throwIfNoEntry: false })?.mode ?? 0) & 0o777;
    });

    expect([mode, statSync(file().to).mode & 0o777]).toEqual([0o600, 0o644]);
  });

  it('a byte that changes on the way is found, and nothing gets the name', async () => {
    const flipping: Connection = {
      ...connection,
      async start(argv): Promise<RemoteProcess> {
        const process = await connection.start(argv);
        const write = process.stream.write.bind(process.stream) as (chunk: Buffer) => boolean;
        process.stream.write = ((chunk: Buffer) => write(Buffer.from(chunk).fill(chunk[0]! ^ 1, 0, 1))) as never;
        return process;
      },
    };

    expect(await rejection(upload(flipping, file(), never))).toMatchObject({ absence: 'garbled' });
    expect([existsSync(file().to), existsSync(`${file().to}.part`)]).toEqual([false, false]);
  });

  it('a full disk is named', async () => {
    const full: Connection = { ...connection, start: () => connection.start(['sh', '-c', 'cat >/dev/full']) };
    const failed = await rejection(upload(full, file(), never));

    expect(failed).toMatchObject({ absence: 'error', hint: expect.stringContaining('make room') as string });
    expect(failed.message).toMatch(/could not be brought to web1: the disk is full: cat: .*No space left on device/);
  });

  it('a place that cannot be written is named', async () => {
    writeFileSync(join(place.path, 'file'), '');
    const failed = await rejection(upload(connection, { ...file(), to: join(place.path, 'file', 'x') }, never));

    expect(failed).toMatchObject({ absence: 'error', message: expect.stringMatching(/File exists|Not a directory/) as string });
  });

  it('it ends with its signal', async () => {
    const controller = new AbortController();
    const failed = rejection(upload(connection, file(), controller.signal, () => controller.abort(new Error('enough'))));

    expect((await failed).message).toBe('enough');
    expect(existsSync(file().to)).toBe(false);
  });
});
