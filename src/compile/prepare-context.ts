import type { ContentRef } from '../model/catalog.ts';
import { lfsPointer } from '../model/lfs-pointer.ts';
import type { KeyPath } from '../model/located.ts';
import { nearest } from '../model/nearest.ts';
import type { Problem, ProblemCode, SourcePosition } from '../model/problem.ts';
import type { SourceFile, SourceTree } from '../model/revision.ts';
import { Secret } from '../model/secret.ts';
import { decodeUtf8 } from '../model/utf8.ts';
import { notDecrypted, vaultHint } from '../model/vault-header.ts';
import type { PrepareContext, SourceEntry } from '../resources/resource-type.ts';
import type { Compilation } from './compilation.ts';
import { isRelativeName } from './relative-name.ts';
import type { Scope } from './template-scope.ts';

/** Bytes. */
const largestTemplate = 4 * 1024 * 1024;

/** The resource that is being prepared. */
interface Subject {
  readonly address: string;
  readonly role: string | undefined;
  readonly scope: Scope;
  /** The position of one of its attributes. */
  at(path: KeyPath): SourcePosition;
  /** Called with the variables that a template file read. */
  used(uses: readonly { readonly name: string; readonly layer: string }[]): void;
  report(problem: Problem): void;
}

/** Lists each directory of the repository once per compile. */
export type ListFiles = (directory: string) => ReadonlyMap<string, SourceFile>;

export function listFilesOf({ documents }: Compilation): ListFiles {
  const known = new Map<string, ReadonlyMap<string, SourceFile>>();
  return (directory) => {
    const files = known.get(directory) ?? new Map(documents.files.list(directory).map((file) => [file.path, file]));
    known.set(directory, files);
    return files;
  };
}

/** What a kind's `prepare` may ask; every failure is a Problem at the attribute that asked. */
export function prepareContext(
  subject: Subject,
  { engine, contents, documents, request: { secrets } }: Compilation,
  listFiles: ListFiles,
): PrepareContext {
  const fail = (code: ProblemCode, attribute: string, message: string, hint?: string): undefined => {
    const at = subject.at(attribute.split(/[.[\]]+/).filter(Boolean));
    subject.report({ code, message, at, address: subject.address, ...(hint !== undefined && { hint }) });
    return undefined;
  };
  const keep = (text: string | Secret): ContentRef => {
    const ref = contents.addText(text);
    if (ref) return ref;
    fail('too-large', '', 'the rendered texts of this host take too much memory');
    return { sha256: '', size: 0 };
  };
  /** Where `files` or `templates` may stand, the role's own before the shared one. */
  const roots = (folder: string): readonly string[] => [
    ...(subject.role === undefined ? [] : [`roles/${subject.role}/${folder}`]),
    `desired-state/${folder}`,
  ];
  /** Where what a template includes may stand. As in Ansible a role may say `templates/NAME` too. */
  const parts = [...roots('templates'), ...(subject.role === undefined ? [] : [`roles/${subject.role}`])];
  const find = (
    name: string,
    folder: string,
    attribute: string,
  ): { readonly file: SourceFile; readonly root: string } | undefined => {
    if (!isRelativeName(name))
      return fail('unsafe-path', attribute, `"${attribute}": "${shown(name)}" is not a path inside ${folder}/`);
    for (const root of roots(folder)) {
      const file = listFiles(root).get(`${root}/${name}`);
      if (file) return { file, root };
    }
    const all = roots(folder).flatMap((root) => [...listFiles(root).keys()].map((path) => path.slice(root.length + 1)));
    const near = nearest(name, all) ?? all.find((path) => path.endsWith(`/${name}`));
    const message = `"${attribute}": no file "${name}" in ${roots(folder).join('/ or ')}/`;
    if (all.some((path) => path.startsWith(`${name}/`)))
      return fail('missing-file', attribute, message, 'it is a directory; "kind: tree" copies one');
    return fail('missing-file', attribute, message, near === undefined ? undefined : `did you mean "${near}"?`);
  };
  const failPointer = (path: string, attribute: string): undefined =>
    fail(
      'not-a-file',
      attribute,
      `"${attribute}": ${path} is a Git LFS pointer, the file itself is not there`,
      `hosts refuse it too: ${lfsPointer.hint}`,
    );
  const read = ({ path }: SourceFile, attribute: string): ContentRef | undefined => {
    const ref = contents.addFile(path) ?? fail('missing-file', attribute, `"${attribute}": ${path} cannot be read`);
    return ref === 'pointer' ? failPointer(path, attribute) : ref;
  };

  const decrypt = ({ path }: SourceFile, attribute: string): Secret | undefined => {
    const opened = secrets.vault(documents.files.read(path)?.toString('latin1') ?? '');
    if (opened instanceof Secret) return opened;
    return fail('secret-unreadable', attribute, `"${attribute}": ${path} is ${notDecrypted(opened.unreadable)}`, vaultHint);
  };
  const readSource = (file: SourceFile, attribute: string): ContentRef | undefined => {
    if (!documents.files.isEncrypted(file.path)) return read(file, attribute);
    const text = decrypt(file, attribute);
    return text && keep(text);
  };

  return {
    text: keep,
    sourceFile(name, attribute) {
      const found = find(name, 'files', attribute);
      const content = found && readSource(found.file, attribute);
      return found && content && { content, executable: found.file.executable };
    },
    sourceDirectory(name, attribute) {
      const folder = name === '.' || name === './' ? '' : name.replace(/\/$/, '');
      if (folder !== '' && !isRelativeName(folder)) {
        return fail('unsafe-path', attribute, `"${attribute}": "${shown(name)}" is not a path inside files/`);
      }
      for (const root of roots('files')) {
        const directory = folder === '' ? root : `${root}/${folder}`;
        const files = [...listFiles(directory).values()];
        if (files.length === 0) continue;
        const entries = files.map((file): SourceEntry | undefined => {
          const content = read(file, attribute);
          return content && { path: file.path.slice(directory.length + 1), executable: file.executable, content };
        });
        return entries.includes(undefined) ? undefined : (entries as SourceEntry[]);
      }
      const message = `"${attribute}": no files in a directory "${name}" of ${roots('files').join('/ or ')}/`;
      const paths = roots('files').flatMap((root) => [...listFiles(root).keys()].map((path) => path.slice(root.length + 1)));
      if (paths.includes(folder)) return fail('missing-file', attribute, message, 'it is a file; "kind: file" copies one');
      const near = nearest(folder, new Set(paths.flatMap(directoriesOf)));
      return fail('missing-file', attribute, message, near === undefined ? undefined : `did you mean "${near}"?`);
    },
    template(name, attribute) {
      const found = find(name, 'templates', attribute);
      if (!found) return undefined;
      const { path, size } = found.file;
      if (size > largestTemplate)
        return fail('too-large', attribute, `${path} has ${size} bytes; a template has at most ${largestTemplate}`);
      const isEncrypted = documents.files.isEncrypted(path);
      const text = isEncrypted ? decrypt(found.file, attribute) : readTemplate(path, documents.files);
      if (text === undefined) return isEncrypted ? undefined : fail('not-utf8', attribute, `${path} is not UTF-8 text`);
      if (typeof text === 'string' && lfsPointer.form.test(text)) return failPointer(path, attribute);
      const done = engine.renderFile(path, text, subject.scope, parts);
      subject.used(done.uses);
      for (const problem of done.problems) subject.report({ ...problem, address: subject.address });
      if (done.problems.length > 0) return undefined;
      const made = done.value as string | Secret;
      return keep(done.touchedSecret && typeof made === 'string' ? Secret.of(made) : made);
    },
    read: (content) => contents.read(content),
    problem(attribute, message, hint, code = 'wrong-type') {
      const name = attribute.replace(/\.(\d+)(?=\.|$)/g, '[$1]');
      fail(code, attribute, `"${name}": ${message}`, hint);
    },
  };
}

const shown = (name: string): string => JSON.stringify(name.slice(0, 200)).slice(1, -1);

/** The text of a template file. Undefined when there is no such file, and for bytes that are not UTF-8 or hold a NUL. */
export function readTemplate(path: string, files: SourceTree): string | undefined {
  const bytes = files.read(path);
  const text = bytes && bytes.length <= largestTemplate ? decodeUtf8(bytes) : undefined;
  return text?.includes('\0') ? undefined : text;
}

/** `a`, `a/b` for `a/b/c`. */
const directoriesOf = (path: string): readonly string[] =>
  path
    .split('/')
    .slice(0, -1)
    .map((_part, index, parts) => parts.slice(0, index + 1).join('/'));
