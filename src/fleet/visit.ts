import { createReadStream } from 'node:fs';
import type { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type * as z from 'zod';
import type { Event } from '../model/event.ts';
import type { Finding } from '../model/fleet.ts';
import { parseJson, sha256 } from '../model/json.ts';
import type { ReportedStep } from '../model/report.ts';
import { visitProtocol, type Greeting, type Order } from '../model/visit.ts';
import { version } from '../model/version.ts';
import { ConnectionError, type Connection } from './connection.ts';
import { requestOver, textOver } from './http-over-stream.ts';
import { ownFaultOf, type OwnFault } from './own-fault.ts';
import { readLines } from './read-lines.ts';
import { sudoRefusal } from './ssh/sudo-refusal.ts';
import { greetingSchema, visitEventSchema } from '../report/visit-schema.ts';
import type { Bundle } from './working-revision.ts';

/** Where the agent of root listens, on a host that was installed or bootstrapped. */
export const agentSocket = '/var/lib/timmy-reconciler/control.sock';
/** The program on the host. */
export const program = 'reconcile';
/** Bytes of an answer that is one document of JSON. */
export const largestAnswer = 16 * 1024 * 1024;
/** Bytes of what an agent says first; many are greeted at once. */
const largestGreeting = 1024 * 1024;
/** Commas and opening brackets in one line of JSON: 50,000 steps, or five times as many files of a tree. */
const mostInLine = 2_000_000;
/** Exit code of a shell for a program that is not there; sudo ends with 1. */
const notFound = 127;

/** What is asked of a host; the bundle is made when it is known what the host has. */
interface Errand {
  readonly order: Omit<Order, 'bundle' | 'protocol'>;
  bundleFor(commits: readonly string[]): Promise<Bundle | undefined>;
}

/** A way to talk to the program on a host. */
interface Medium {
  readonly greeting: Greeting;
  /** Sends the order with its bundle and gives the lines that come back. */
  send(order: string, bundle: Bundle | undefined): Promise<AsyncIterable<string>>;
  /** Why the conversation ended before its last word. */
  explain(): Promise<ConnectionError>;
  close(): void;
}

/**
 * Has the host look at a revision, or converge to it: asks its agent through the control socket where one runs and this account may
 * ask, so that no process is started over there; else starts `reconcile receive`. `tell` hears the events of the host's run.
 */
export async function visitHost(connection: Connection, errand: Errand, tell: (event: Event) => void): Promise<Finding> {
  const medium = (await meetAgent(connection)) ?? (await meetProgram(connection));
  try {
    const bundle = await errand.bundleFor(medium.greeting.commits);
    const order: Order = { protocol: visitProtocol, ...errand.order, bundle: bundle?.size ?? 0 };
    const answer = await medium.send(`${JSON.stringify(order)}\n`, bundle);
    for await (const line of answer) {
      const event = parseAnswer(visitEventSchema, line);
      if (event.type === 'declined') {
        const { exit: verdict, message, hint } = event;
        return { verdict, message, ...(hint !== undefined && { hint }) };
      }
      if (event.type === 'finished') {
        const report = { ...event.report, steps: event.report.steps.map(oneOf) };
        return { verdict: report.outcome, message: report.summary, report };
      }
      tell(event);
    }
    throw await medium.explain();
  } finally {
    medium.close();
  }
}

/** Of the steps that hosts tell, with their diffs; by digest. */
const told = new Map<string, ReportedStep>();

/** The first of all that are like this one: thousands of hosts to which the same happens say it in as many copies. */
function oneOf(step: ReportedStep): ReportedStep {
  const key = sha256(JSON.stringify(step));
  const first = told.get(key) ?? step;
  told.set(key, first);
  return first;
}

/** JSON that a host sent, as what it must be; `garbled` for everything else. */
export function parseAnswer<T>(schema: z.ZodType<T>, text: string): T {
  const value = parseJson(text, mostInLine);
  if (value === undefined) throw new ConnectionError('garbled', 'what it sent is not what reconcile sends', { hint: oddities });
  const { success, data, error } = schema.safeParse(value, upToFirst);
  if (success) return data;
  const at = error.issues[0]?.path.join('.') ?? '';
  throw new ConnectionError('garbled', `what it sent does not fit version ${version}${at === '' ? '' : ` (at ${at})`}`, {
    hint: versions,
  });
}

/** As zod's `validate` has it, which does not tell where: of a million wrong members it would keep a million issues. */
const upToFirst: z.core.ParseContextInternal<z.core.$ZodIssue> = { abortEarly: true };
const oddities = 'a login script that writes something (~/.bashrc, /etc/profile) must be silent without a terminal';
const versions = 'compare the versions: reconcile fleet status; reconcile fleet bootstrap brings a host up to date';

/** The error for a program of ours that ended as it should not have. */
export function programError(exitCode: number | null, stderr: string): ConnectionError {
  const said = stderr.trim().split('\n').at(-1) ?? '';
  const refusal = sudoRefusal(stderr);
  if (refusal !== undefined)
    return new ConnectionError('denied', `it does not let this account become root: ${refusal}`, {
      hint: 'allow it without a password (sudoers, NOPASSWD), or connect as root',
    });
  if (exitCode === notFound || /: command not found$|: not found$/.test(said))
    return new ConnectionError('missing', 'reconcile is not installed there', { hint: 'reconcile fleet bootstrap installs it' });
  if (/unknown (command|option)/.test(stderr))
    return new ConnectionError('missing', 'its reconcile is too old for this', { hint: versions });
  return new ConnectionError(
    'garbled',
    `reconcile ended with ${exitCode ?? 'a signal'} over there: ${said || 'it said nothing'}`,
  );
}

async function meetAgent(connection: Connection): Promise<Medium | undefined> {
  const asked = await connection.openSocket(agentSocket);
  if (!asked) return undefined;
  const greeting = parseAnswer(greetingSchema, await textOver(asked, '/greeting', largestGreeting));
  let response: Readable | undefined;
  return {
    greeting,
    async send(order, bundle) {
      const stream = await connection.openSocket(agentSocket);
      if (!stream) throw new ConnectionError('unreachable', 'its agent has just ended', { isPassing: true });
      const body = { size: Buffer.byteLength(order) + (bundle?.size ?? 0), write: (to: Writable) => write(to, order, bundle) };
      response = await requestOver(stream, { method: 'POST', path: '/receive', body });
      return readLines(response);
    },
    explain: async () => new ConnectionError('unreachable', 'its agent ended before it had answered', { isPassing: true }),
    close: () => void response?.destroy(),
  };
}

async function meetProgram(connection: Connection): Promise<Medium> {
  const { stream, ended, kill } = await connection.start([program, 'receive']);
  const lines = readLines(stream);
  const first = await lines.next();
  if (first.done === true) {
    const { exitCode, stderr } = await ended;
    throw programError(exitCode, stderr);
  }
  return {
    greeting: parseAnswer(greetingSchema, first.value),
    async send(order, bundle) {
      return unlessUnsent(lines, write(stream, order, bundle));
    },
    async explain() {
      const { exitCode, stderr } = await ended;
      return programError(exitCode, stderr);
    },
    close: kill,
  };
}

/** What the host answers matters more than that it did not read everything, but not more than that there was nothing to read. */
async function* unlessUnsent(lines: AsyncIterable<string>, sending: Promise<void>): AsyncGenerator<string> {
  let fault: OwnFault | undefined;
  sending.catch((error: unknown) => (fault = ownFaultOf(error)));
  try {
    for await (const line of lines) {
      if (fault) throw fault;
      yield line;
    }
  } catch (error) {
    throw fault ?? error;
  }
  if (fault) throw fault;
}

async function write(to: Writable, order: string, bundle: Bundle | undefined): Promise<void> {
  to.write(order);
  if (bundle) await pipeline(createReadStream(bundle.path), to);
  else to.end();
}
