/** Settings of one unit file, as systemd reads it. */
export interface UnitText {
  /** Values of a key in order; an empty one takes back those before it. */
  values(section: string, key: string): readonly string[];
  /** The last value. */
  value(section: string, key: string): string | undefined;
  readonly sections: ReadonlySet<string>;
  /** `Section.Key` of every setting. */
  readonly keys: readonly string[];
  /** What systemd would ignore or refuse, with the line. */
  readonly faults: readonly string[];
}

const ownSections: Readonly<Record<string, string>> = {
  service: 'Service',
  timer: 'Timer',
  socket: 'Socket',
  path: 'Path',
  mount: 'Mount',
  automount: 'Automount',
  swap: 'Swap',
  slice: 'Slice',
  target: '',
};

/** What follows the last dot of a unit's name. */
export const unitSuffixes: readonly string[] = Object.keys(ownSections);

/** Reads a unit file, comments, continued lines and all. Never throws. */
export function readUnit(text: string): UnitText {
  const settings: { section: string; key: string; value: string }[] = [];
  const sections = new Set<string>();
  const faults: string[] = [];
  let section = '';
  for (const { line, at } of logicalLines(text)) {
    const heading = /^\[([^[\]]+)\]$/.exec(line)?.[1];
    if (heading !== undefined) {
      section = heading;
      sections.add(heading);
      continue;
    }
    const [, key, value = ''] = /^([^=]+?)\s*=\s*(.*)$/s.exec(line) ?? [];
    if (key === undefined) faults.push(`line ${at}: expected "[Section]" or "Key=value"`);
    else if (section === '') faults.push(`line ${at}: "${key}" stands before any section`);
    else settings.push({ section, key, value });
  }
  const values = (wanted: string, key: string): readonly string[] => {
    const all = settings.filter((setting) => setting.section === wanted && setting.key === key).map(({ value }) => value);
    return all.slice(all.lastIndexOf('') + 1);
  };
  const keys = [...new Set(settings.map((setting) => `${setting.section}.${setting.key}`))];
  return { values, value: (wanted, key) => values(wanted, key).at(-1), sections, keys, faults };
}

/** What is wrong with a whole unit of this name, as far as its text alone tells it; `systemd-analyze verify` finds the rest. */
export function unitFaults(name: string, { sections, values, faults }: UnitText): readonly string[] {
  const suffix = name.slice(name.lastIndexOf('.') + 1);
  const own = ownSections[suffix];
  const known = new Set(['Unit', 'Install', ...(own ? [own] : [])]);
  const found = [...faults];
  for (const section of sections)
    if (!known.has(section) && !section.startsWith('X-'))
      found.push(
        `[${section}] is no section of a .${suffix} unit, which has ${[...known].map((each) => `[${each}]`).join(', ')}`,
      );
  if (own === 'Service') {
    const does = ['ExecStart', 'ExecStop'].some((key) => values('Service', key).length > 0);
    if (!does && values('Unit', 'SuccessAction').length === 0) found.push('[Service] has no ExecStart=');
  }
  return found;
}

/** A unit that ends at once by itself can never be found started. */
export const endsByItself = ({ value }: UnitText): boolean =>
  value('Service', 'Type') === 'oneshot' && !/^(yes|true|on|1)$/i.test(value('Service', 'RemainAfterExit') ?? '');

/** Lines without comments, continued ones joined; `at` counts from 1. */
function* logicalLines(text: string): Generator<{ readonly line: string; readonly at: number }> {
  let open: { line: string; at: number } | undefined;
  for (const [index, raw] of text.split(/\r?\n/).entries()) {
    const line = raw.trim();
    // Also between the parts of a continued line.
    if (line.startsWith('#') || line.startsWith(';')) continue;
    const isContinued = raw.endsWith('\\');
    const part = isContinued ? line.slice(0, -1).trim() : line;
    const whole = open ? `${open.line} ${part}` : part;
    const at = open?.at ?? index + 1;
    open = isContinued ? { line: whole, at } : undefined;
    if (!isContinued && whole !== '') yield { line: whole, at };
  }
  if (open && open.line !== '') yield open;
}
