/** Files of a repository that is otherwise in order, and every problem that they must give, no more and no fewer. */
export interface BadCase {
  readonly name: string;
  readonly files: { readonly [path: string]: string | Uint8Array };
  /** `code file:line:column`, sorted. */
  readonly expected: readonly string[];
}

/** Stands before every place in a text where a problem is expected; it is taken out of the text. */
const marker = '¦';

/** Names of cases become names of roles and files. */
export const slug = (name: string): string =>
  name
    .replace(/[^A-Za-z0-9]+/g, '-')
    .replace(/^-|-$/g, '')
    .slice(0, 60);

/**
 * A case from marked texts. `codes` are those of the markers in their order, separated by blanks; one code stands for all. A text
 * without a marker is as it is.
 */
export function badCase(name: string, codes: string, files: BadCase['files']): BadCase {
  const left = codes.split(' ');
  const expected: string[] = [];
  const plain: Record<string, string | Uint8Array> = {};
  for (const [path, text] of Object.entries(files)) {
    if (typeof text !== 'string') {
      plain[path] = text;
      continue;
    }
    const parts = text.split(marker);
    let before = '';
    for (const part of parts.slice(0, -1)) {
      before += part;
      const line = before.split('\n').length;
      const column = before.length - before.lastIndexOf('\n');
      expected.push(`${left.length > 1 ? left.shift() : left[0]} ${path}:${line}:${column}`);
    }
    plain[path] = parts.join('');
  }
  if (expected.length === 0) throw new Error(`the case "${name}" marks no place`);
  return { name, files: plain, expected: expected.sort() };
}

/** In the place of a text: the file is not there. */
export const absent = new Uint8Array();

type Rows = readonly (readonly [name: string, codes: string, text: string])[];

/** Rows as cases of one file, beside others that are in order. */
export const casesOf = (path: string, others: BadCase['files'], rows: Rows): BadCase[] =>
  rows.map(([name, codes, text]) => badCase(name, codes, { ...others, [path]: text }));

/** Rows as one role each, in a directory of its own. */
export const roleCases = (rows: Rows): BadCase[] =>
  rows.map(([name, codes, text]) => badCase(name, codes, { [`roles/${slug(name)}/role.yaml`]: text }));

/** Rows as the resources of one role each. */
export const resourceCases = (rows: Rows): BadCase[] =>
  roleCases(rows.map(([name, codes, text]) => [name, codes, `summary: A bad role.\nresources:\n${text}`] as const));
