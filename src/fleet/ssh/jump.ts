import { isHostName } from '../../inventory/names.ts';
import { isUserName } from './user-name.ts';

/** One host on the way. */
interface Jump {
  readonly user: string | undefined;
  readonly address: string;
  readonly port: number | undefined;
}

/** Longest way; more are a circle. */
export const mostJumps = 8;

/** Reads `[user@]host[:port],...`, `ssh://` before each allowed; undefined for anything else. The first is the nearest to here. */
export function parseJumps(text: string): readonly Jump[] | undefined {
  const jumps = text.split(',').map((each): Jump | undefined => {
    const [, user, bracketed, plain, port] =
      /^(?:ssh:\/\/)?(?:([^@\s]+)@)?(?:\[([^\]]+)\]|([^:[\]\s]+))(?::(\d{1,5}))?\/?$/.exec(each.trim()) ?? [];
    const address = bracketed ?? plain ?? '';
    const isRight =
      isHostName(address) &&
      (user === undefined || isUserName(user)) &&
      (port === undefined || (Number(port) > 0 && Number(port) < 65_536));
    return isRight ? { user, address, port: port === undefined ? undefined : Number(port) } : undefined;
  });
  return jumps.includes(undefined) || jumps.length > mostJumps ? undefined : (jumps as Jump[]);
}
