/** One thing that a run needs. Not ok: `fix` says what to do. */
export interface Finding {
  readonly name: string;
  readonly ok: boolean;
  readonly found: string;
  readonly fix?: string;
}

export const finding = (name: string, ok: boolean, found: string, fix = ''): Finding => ({
  name,
  ok,
  found,
  ...(ok ? {} : { fix }),
});
