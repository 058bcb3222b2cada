import * as z from 'zod';
import { GiteaError } from './gitea-error.ts';
import type { Call, Send } from './send.ts';

/** Gitea gives at most so many at once, unless its owner set MAX_RESPONSE_ITEMS lower. */
const pageSize = 50;
/** Where nobody says how many are wanted. */
const mostPages = 40;

/** Calls whose answers are checked. */
export interface Requests {
  /** One thing. */
  one<T>(call: Call, answer: z.ZodType<T>, signal: AbortSignal): Promise<T>;
  /** A call whose answer does not matter. */
  done(call: Call, signal: AbortSignal): Promise<void>;
  /** All pages, at most so many. */
  all<T>(call: Call, answer: z.ZodType<T>, signal: AbortSignal, pages?: number): Promise<readonly T[]>;
  /** Pages until one is `last`, at most so many; unless told, however many there are. */
  until<T>(
    last: (page: readonly T[], headers: Headers) => boolean,
    call: Call,
    answer: z.ZodType<T>,
    signal: AbortSignal,
    pages?: number,
  ): Promise<readonly T[]>;
}

/** Checks each answer by its schema: what does not fit is a `GiteaError`. */
export function openRequests(send: Send): Requests {
  const check = <T>({ method, path }: Call, answer: z.ZodType<T>, json: unknown): T => {
    const { data, error } = answer.safeParse(json);
    if (!error) return data;
    const [issue] = error.issues;
    const place = issue?.path.join('.') || 'the answer';
    throw new GiteaError(`Gitea, ${method} ${path}: ${place} is not what its API documents: ${issue?.message}`);
  };
  const pages = async <T>(
    call: Call,
    answer: z.ZodType<T>,
    signal: AbortSignal,
    isLast: (items: readonly T[], page: number, headers: Headers) => boolean,
  ): Promise<readonly T[]> => {
    const found: T[] = [];
    for (let page = 1; ; page++) {
      const { json, headers } = await send({ ...call, query: { ...call.query, page, limit: pageSize } }, signal);
      const items = check(call, z.array(answer).nullable(), json) ?? [];
      found.push(...items);
      if (items.length === 0 || isLast(items, page, headers) || !hasMore(headers, found.length, items.length)) return found;
    }
  };
  return {
    one: async (call, answer, signal) => check(call, answer, (await send(call, signal)).json),
    async done(call, signal) {
      await send(call, signal);
    },
    all: (call, answer, signal, most = mostPages) => pages(call, answer, signal, (_, page) => page === most),
    until: (last, call, answer, signal, most) =>
      pages(call, answer, signal, (items, page, headers) => last(items, headers) || page === most),
  };
}

/** The addresses in `Link` are not used: they are those of ROOT_URL, which need not be the ones that the token is meant for. */
function hasMore(headers: Headers, found: number, onPage: number): boolean {
  const total = headers.get('x-total-count');
  if (total !== null && /^\d+$/.test(total)) return found < Number(total);
  const link = headers.get('link');
  return link === null ? onPage === pageSize : /\brel="?next\b/.test(link);
}

/** `/repos/owner/name`, and further segments, each encoded. Throws for segments that would lead elsewhere. */
export function repositoryPath(repository: string, ...rest: readonly (string | number)[]): string {
  const segments = ['repos', ...repository.split('/'), ...rest.map(String)];
  return `/${segments.map(segment).join('/')}`;
}

export function segment(text: string): string {
  if (text === '' || text === '.' || text === '..') throw new GiteaError(`"${text}" cannot be part of an address of Gitea`);
  return encodeURIComponent(text);
}
