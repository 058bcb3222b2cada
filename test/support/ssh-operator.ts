import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Connect } from '../../src/fleet/connection.ts';
import { openSshConnect } from '../../src/fleet/ssh/connect.ts';
import type { RouteOptions } from '../../src/fleet/ssh/routes.ts';
import { temporaryDirectory } from './temporary-directory.ts';

export interface OperatorSetup extends Pick<RouteOptions, 'askPassphrase'> {
  /** Text of their known_hosts. */
  readonly knownHosts?: string;
  /** Lines of their SSH configuration. */
  readonly config?: readonly string[];
  /** Socket of their agent. */
  readonly agent?: string;
}

/** A person with an SSH configuration of their own, who asks nobody anything unless told. */
export async function openOperator(setup: OperatorSetup = {}): Promise<
  AsyncDisposable & {
    readonly connect: Connect & AsyncDisposable;
    /** Their directory, with `config` and `known_hosts`. */
    readonly path: string;
  }
> {
  const directory = temporaryDirectory();
  const knownHosts = join(directory.path, 'known_hosts');
  const configFile = join(directory.path, 'config');
  writeFileSync(knownHosts, setup.knownHosts ?? '');
  const lines = [...(setup.config ?? []), 'Host *', `UserKnownHostsFile ${knownHosts}`, 'GlobalKnownHostsFile none'];
  writeFileSync(configFile, `${lines.join('\n')}\n`);
  const connect = await openSshConnect(new AbortController().signal, {
    home: directory.path,
    configFile,
    environment: { PATH: process.env['PATH'], SSH_AUTH_SOCK: setup.agent },
    askPassphrase: setup.askPassphrase ?? (() => Promise.resolve(undefined)),
  });
  return {
    connect,
    path: directory.path,
    async [Symbol.asyncDispose]() {
      await connect[Symbol.asyncDispose]();
      directory[Symbol.dispose]();
    },
  };
}

/** What a promise rejects with. */
export async function rejection(promise: Promise<unknown>): Promise<Error> {
  const error: unknown = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof Error)) throw new Error('it did not reject');
  return error;
}
