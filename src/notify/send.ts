import { createHmac } from 'node:crypto';
import { runCommand } from '../host/run-command.ts';
import type { Argv } from '../host/host.ts';
import type { Channel } from '../model/host-policy-document.ts';
import { isObject, parseJson } from '../model/json.ts';
import { lastLines } from '../model/last-lines.ts';
import { printableLine } from '../report/printable.ts';
import { shorten } from '../report/shorten.ts';
import type { Notice } from './notice.ts';
import { postJson } from './post-json.ts';
import { readSecretFile } from './secret-file.ts';

/** What webhooks and commands get; `text` is what a chat shows. */
interface Message {
  readonly schema: 'reconcile.notification/1';
  /** Stays the same when it is sent again with nothing new in it, so that a receiver can tell. */
  readonly id: string;
  readonly host: string;
  readonly text: string;
  readonly notices: readonly Notice[];
}

/** Delivered, or why not and when it may be tried again at the earliest (milliseconds from now). */
type Delivery = { readonly problem?: undefined } | { readonly problem: string; readonly retryAfter?: number };

/** For one attempt. Milliseconds. */
const timeLimit = 10_000;

/** What a channel is called in messages. Neither tokens nor URLs, which hold some, are in it. */
export function channelName(channel: Channel): string {
  switch (channel.type) {
    case 'telegram':
      return `telegram ${channel.chat_id}`;
    case 'webhook':
      return `webhook ${new URL(channel.url).hostname}`;
    case 'command':
      return `command ${channel.argv[0]}`;
  }
}

/** Delivers one message. Never rejects, and ends within 13 seconds. */
export async function send(channel: Channel, message: Message, signal: AbortSignal): Promise<Delivery> {
  const limited = AbortSignal.any([signal, AbortSignal.timeout(timeLimit)]);
  try {
    switch (channel.type) {
      case 'telegram':
        return await sendTelegram(channel, message, limited);
      case 'webhook':
        return await sendWebhook(channel, message, limited);
      case 'command':
        return await sendCommand(channel.argv as unknown as Argv, message, signal);
    }
  } catch (error) {
    return { problem: (error as Error).message };
  }
}

async function sendTelegram(
  channel: Extract<Channel, { type: 'telegram' }>,
  { text }: Message,
  signal: AbortSignal,
): Promise<Delivery> {
  const token = readSecretFile(channel.token_file);
  if (!/^\d+:[\w-]+$/.test(token)) throw new Error(`${channel.token_file} does not hold a bot token (digits:letters)`);
  // No parse_mode: the text is shown as it is, whatever characters are in it.
  const body = JSON.stringify({ chat_id: channel.chat_id, text, link_preview_options: { is_disabled: true } });
  const url = `${channel.api.replace(/\/+$/, '')}/bot${token}/sendMessage`;
  const answer = await postJson(url, body, {}, signal);
  const said = parsed(answer.text);
  if (answer.status === 200 && said['ok'] === true) return {};
  const { retry_after: wait, migrate_to_chat_id: moved } = isObject(said['parameters']) ? said['parameters'] : {};
  const description = typeof said['description'] === 'string' ? said['description'] : 'not an answer of the Bot API';
  const shown = shorten(printableLine(description.replaceAll(token, '<secret>')), 200);
  const hint = typeof moved === 'number' ? `; its chat_id is ${moved} now` : telegramHint(answer.status, channel);
  return refusal(`${answer.status}: ${shown}${hint}`, typeof wait === 'number' ? wait * 1_000 : answer.retryAfter);
}

function telegramHint(status: number, { token_file: file }: Extract<Channel, { type: 'telegram' }>): string {
  if (status === 401 || status === 404) return `; is the token in ${file} the one of BotFather?`;
  return status === 400 || status === 403 ? '; is chat_id right, and is the bot in that chat?' : '';
}

async function sendWebhook(
  channel: Extract<Channel, { type: 'webhook' }>,
  message: Message,
  signal: AbortSignal,
): Promise<Delivery> {
  const body = JSON.stringify(message);
  const secret = channel.secret_file === undefined ? undefined : readSecretFile(channel.secret_file);
  const signature =
    secret === undefined ? {} : { 'x-reconcile-signature': createHmac('sha256', secret).update(body).digest('hex') };
  const { status, retryAfter } = await postJson(channel.url, body, { 'x-reconcile-delivery': message.id, ...signature }, signal);
  if (status >= 200 && status < 300) return {};
  const isElsewhere = status >= 300 && status < 400;
  return refusal(
    isElsewhere ? `answered ${status}; redirects are not followed, name the final URL` : `answered ${status}`,
    retryAfter,
  );
}

async function sendCommand(argv: Argv, message: Message, signal: AbortSignal): Promise<Delivery> {
  const input = `${JSON.stringify(message)}\n`;
  const { exitCode, timedOut, stderr } = await runCommand(argv, { stdin: input, timeout: timeLimit }, signal);
  if (timedOut) return { problem: `it did not end within ${timeLimit / 1_000} seconds` };
  if (exitCode === 0) return {};
  const said = printableLine(lastLines(stderr));
  return { problem: `${exitCode === null ? 'a signal ended it' : `exit ${exitCode}`}${said ? `: ${said}` : ''}` };
}

/** `wait`: what the other side asked for. Milliseconds. */
function refusal(problem: string, wait: number | undefined): Delivery {
  if (wait === undefined || wait <= 0) return { problem };
  return { problem: `${problem}; asked to wait ${Math.ceil(wait / 1_000)} s`, retryAfter: wait };
}

function parsed(text: string): { readonly [key: string]: unknown } {
  const value = parseJson(text);
  return isObject(value) ? value : {};
}
