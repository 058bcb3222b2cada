import { bootstrapHost } from '../../../src/fleet/bootstrap/bootstrap-host.ts';
import { expectedFiles } from '../../../src/fleet/bootstrap/bring-program.ts';
import { readHostFiles } from '../../../src/fleet/bootstrap/host-files.ts';
import type { Connection } from '../../../src/fleet/connection.ts';
import type { Finding } from '../../../src/model/fleet.ts';
import { statusWith } from '../../report/status-fixture.ts';
import { makeTarget } from '../../support/local-connection.ts';

const digest = 'a'.repeat(64);
const packed = { path: '/nonexistent', size: 1 };
const runtime = {
  machine: 'x86_64',
  name: `24.0.0-${digest.slice(0, 12)}`,
  version: '24.0.0',
  sha256: digest,
  size: 1,
  packed,
} as const;
const program = { id: '0.1.0-0123456789ab', packed, size: 1 };
const ok = { exitCode: 0, stdout: '', stderr: '' };

/** A machine whose agent runs, and that has everything that is brought. */
export function machine({ policy, agent = 'web1', more = [] }: { policy?: string; agent?: string; more?: readonly string[] }) {
  const whole =
    'kernel=Linux machine=x86_64 apt=yes systemd=yes git=yes certificates=yes space=9000000 active=yes enabled=yes uid=0';
  const lines = [
    ...whole.split(' ').map((word) => word.replace('=', '\t')),
    'library\t0 755',
    'program\t0123456789ab',
    `current\t${program.id}`,
    `confirmed\t${program.id}`,
    `runtime\t${runtime.name} ${digest}`,
    ...[...expectedFiles(runtime)].map(([path, standing]) => `file\t${standing} ${path}`),
    ...(policy === undefined ? [] : [`policy\t${Buffer.from(policy).toString('base64')}`]),
    ...more,
    'end\tyes\n',
  ];
  /** What was done there, beside looking. */
  const done: string[] = [];
  const connection: Connection = {
    target: makeTarget('web1'),
    gone: new AbortController().signal,
    async run(argv) {
      const script = argv[0] === 'sh' ? argv[2]! : '';
      if (script.includes('say end yes')) return { ...ok, stdout: lines.join('\n') };
      if (script.includes('head -c')) return { ...ok, stdout: policy ?? '' };
      if (argv.join(' ') === 'reconcile status -o json') return { ...ok, stdout: JSON.stringify(statusWith({ host: agent })) };
      done.push(script === '' ? argv.join(' ') : script);
      return ok;
    },
    start: () => Promise.reject(new Error('not asked for')),
    openSocket: () => Promise.resolve(undefined),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
  return { connection, done };
}

const signal = new AbortController().signal;
export const bootstrap = (connection: Connection): Promise<Finding> => {
  const files = readHostFiles('web1', { policy: undefined, directory: undefined });
  const visit = (): Promise<Finding> => Promise.reject(new Error('not asked for'));
  return bootstrapHost(connection, { runtimes: [runtime], program, files, approved: 'any', visit }, () => undefined, signal);
};
