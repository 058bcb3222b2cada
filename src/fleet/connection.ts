import type { Duplex, Readable } from 'node:stream';
import type { Absence, Target } from '../model/fleet.ts';

/** What a program over there left. Output beyond its bound is an error, not a cut. */
export interface RemoteResult {
  /** Null where a signal ended it. */
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A program that runs over there, with its streams. */
export interface RemoteProcess {
  /** Writes go to its standard input, reads come from its standard output. Flow control is that of the connection. */
  readonly stream: Duplex;
  /** Resolves when it has ended; stderr is cut to its last 64 KiB. */
  readonly ended: Promise<{ readonly exitCode: number | null; readonly stderr: string }>;
  /** Ends the channel: the program finds the end of its input, and nobody who reads what it writes. One that does neither goes on. */
  kill(): void;
}

export interface RemoteOptions {
  readonly stdin?: Readable | Buffer | string;
  /** Milliseconds; 60,000 where nothing is said. */
  readonly timeout?: number;
  /** Bytes of stdout and stderr together; 1 MiB where nothing is said. */
  readonly limit?: number;
  readonly signal?: AbortSignal;
}

/**
 * One connection to one host, whose key was verified. Every call ends within its time and its bounds, and rejects with a
 * `ConnectionError` when the connection is lost, the host sends too much, or does not end in time.
 */
export interface Connection extends AsyncDisposable {
  readonly target: Target;
  /** Aborted when the connection is gone. */
  readonly gone: AbortSignal;
  /** Runs a program as the account that connects, or with `become` as root (`sudo -n`). A failure of the program is a result. */
  run(argv: readonly string[], options?: RemoteOptions): Promise<RemoteResult>;
  /** Starts one, for a conversation. */
  start(argv: readonly string[]): Promise<RemoteProcess>;
  /** A stream to the unix socket at this path; undefined where nobody listens, or this account may not. No process is started. */
  openSocket(path: string): Promise<Duplex | undefined>;
}

/** Why there is no connection, or no longer one. */
export class ConnectionError extends Error {
  /** `error`: the host is there, but could not do what the connection is for, as on a full disk. `invalid`: the inventory does not say how it is reached. */
  readonly absence: Absence | 'error' | 'invalid';
  readonly hint: string | undefined;
  /** Whether trying again may help. */
  readonly isPassing: boolean;

  constructor(
    absence: Absence | 'error' | 'invalid',
    message: string,
    { hint, isPassing = false }: { hint?: string; isPassing?: boolean } = {},
  ) {
    super(message);
    this.absence = absence;
    this.hint = hint;
    this.isPassing = isPassing;
  }
}

/** Opens a connection; rejects with a `ConnectionError`. */
export type Connect = (target: Target, signal: AbortSignal) => Promise<Connection>;
