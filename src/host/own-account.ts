import { userInfo } from 'node:os';

/** Whom this process runs as. */
export function ownAccount(): { readonly name: string; readonly home: string } {
  try {
    const { username, homedir } = userInfo();
    return { name: username, home: homedir };
  } catch {
    // A user id without an account, as in containers.
    return { name: String(process.getuid?.() ?? ''), home: '/' };
  }
}
