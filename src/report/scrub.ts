import { isContentRef, type Catalog } from '../model/catalog.ts';
import { isObject } from '../model/json.ts';
import { Secret, type Secrets } from '../model/secret.ts';

/** Takes the text of every known secret out of what is told of a run: a report, an event, a part of them. */
export type Scrub = <Told>(told: Told) => Told;

/** Shorter texts are too common to be searched for; a secret of that length is none. */
const shortest = 4;
/** In names, which git knows and others look for, only what is hardly a name of something. */
const shortestInNames = 12;
/** So many are sooner tried one by one. */
const few = 200;
/** Members that tell in words what happened, or what stands somewhere. */
const told = new Set(['summary', 'reason', 'message', 'hint', 'text', 'from', 'to', 'aside', 'faults']);
/** Members that name something on the host. All others are words of the program's own, and of git's. */
const names = new Set(['address', 'addresses', 'field', 'path', 'name', 'refreshes', 'recovered']);

/**
 * The last of three guards: secrets are typed, and contents that hold one are not shown at all. This one is for what others
 * say: a program's error message, a file that a person wrote. A secret is found as it is, line by line, and in the codings in
 * which programs print things. What templates made of secrets is looked for too, where it is a value or a line of its own.
 */
export function openScrub(secrets: Secrets, { resources, contents }: Pick<Catalog, 'resources' | 'contents'>): Scrub {
  const made = resources.filter(({ sensitive }) => sensitive).flatMap(({ desired }) => [...secretsIn(desired, contents)]);
  const whole = [...secrets.opened(), ...made].map((secret) => secret.reveal());
  const parts = new Set(whole.flatMap((text) => [text, ...text.split('\n')]).map((text) => text.trim()));
  const forms = new Set([...parts].filter((text) => text.length >= shortest).flatMap(formsOf));
  if (forms.size === 0) return (anything) => anything;
  const needles = [...forms].filter((form) => form.length >= shortest);
  // Thousands of secrets are not tried one by one on each of thousands of texts; many begin with the same few characters.
  const widths = [shortest, shortestInNames];
  const byStart = Map.groupBy(needles, (form) =>
    form.slice(
      0,
      widths.findLast((width) => form.length >= width),
    ),
  );
  const leastBelow = (key: string, least: number): number =>
    least === shortest || told.has(key) ? shortest : names.has(key) ? shortestInNames : least;
  const near = (text: string): readonly string[] => {
    if (needles.length <= few) return needles;
    const found = new Set<string>();
    for (let index = 0; index <= text.length - shortest; index++)
      for (const width of widths)
        for (const form of byStart.get(text.slice(index, index + width)) ?? []) if (text.startsWith(form, index)) found.add(form);
    return [...found];
  };
  const cleanText = (text: string, least: number): string => {
    if (least === Infinity) return text;
    const sought = near(text).filter((form) => form.length >= least);
    // Longest first: a part of a secret must not break up the whole.
    return sought.sort((one, other) => other.length - one.length).reduce((rest, each) => rest.replaceAll(each, '<secret>'), text);
  };
  const clean = (value: unknown, least: number): unknown => {
    if (typeof value === 'string') return cleanText(value, least);
    if (Array.isArray(value)) return value.map((item) => clean(item, least));
    if (!isObject(value)) return value;
    const members = Object.entries(value).map(([key, member]) => [key, clean(member, leastBelow(key, least))] as const);
    return Object.fromEntries(members.map(([key, member]) => [cleanText(key, least), member]));
  };
  return <Told>(anything: Told) => clean(anything, Infinity) as Told;
}

function* secretsIn(value: unknown, contents: Catalog['contents']): Generator<Secret> {
  if (value instanceof Secret) yield value;
  else if (isContentRef(value)) {
    const text = value.sensitive ? contents.read(value).toString('utf8').trim() : '\n';
    // Most lines of a longer text are no secrets.
    if (!text.includes('\n')) yield Secret.of(text);
  } else if (Array.isArray(value) || isObject(value))
    for (const member of Object.values(value)) yield* secretsIn(member, contents);
}

/** As it is, and as JSON, URL, hexadecimal and base64, wherever in a longer text the encoding began. */
function formsOf(text: string): readonly string[] {
  const bytes = Buffer.from(text);
  const base64 = [0, 1, 2].map((shift) => {
    const encoded = Buffer.concat([Buffer.alloc(shift), bytes]).toString('base64');
    // Its first and last digits also depend on what stands beside the text.
    return encoded.slice(shift === 0 ? 0 : shift + 1, Math.floor(((shift + bytes.length) * 8) / 6));
  });
  const urlSafe = base64.map((form) => form.replaceAll('+', '-').replaceAll('/', '_'));
  const hex = bytes.toString('hex');
  return [text, JSON.stringify(text).slice(1, -1), encodeURIComponent(text), hex, hex.toUpperCase(), ...base64, ...urlSafe];
}
