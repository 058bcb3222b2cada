import type { AbsolutePath, HostReader, PathStat } from '../../host/host.ts';
import { converged, type Change, type Diff } from '../../model/plan.ts';
import { formatMode, parseMode } from '../file-mode.ts';
import { accountsOf, applyOwners, diffOwners, inspectOwners, ownerIds, ownershipOf, type OwnedState } from '../ownership.ts';
import { defineResourceType, type Refusal, type Vocabulary } from '../resource-type.ts';
import {
  assertPlainSidecars,
  buildDatabase,
  hasRows,
  migrateDatabase,
  readDatabase,
  revertDatabase,
  sidecarsOf,
} from '../sqlite-database.ts';
import { planMigration, type ActualSchema } from '../sqlite-migration.ts';
import { compileSchema, type DatabaseSchema } from '../sqlite-schema.ts';

const spec = ({ z, absolutePath, fileMode, ownerName }: Vocabulary) =>
  z.strictObject({
    path: absolutePath,
    schema: z
      .string()
      .optional()
      .meta({ description: 'SQL: CREATE TABLE, CREATE INDEX, PRAGMA journal_mode, PRAGMA user_version.' }),
    schema_file: z.string().optional().meta({ description: 'The same as a file under files/.' }),
    mode: fileMode.default('0640'),
    owner: ownerName.optional(),
    group: ownerName.optional(),
  });

interface SqliteDesired {
  readonly path: AbsolutePath;
  readonly schema: DatabaseSchema;
  readonly mode: string;
  readonly owner?: string;
  readonly group?: string;
}

type SqliteState =
  { readonly exists: false } | ({ readonly exists: true; readonly schema: ActualSchema; readonly mode: number } & OwnedState);

const nothing: ActualSchema = { tables: [], indexes: [], taken: [], journalMode: null, userVersion: null };

/** A SQLite database that has at least the tables, columns and indexes of a schema, with their constraints. Rows are never touched. */
export const sqlite = defineResourceType({
  kind: 'sqlite',
  summary: 'A SQLite database: created, and given the tables, columns and indexes that it lacks; nothing is ever dropped.',
  spec,
  identify: ({ path }) => path,

  prepare({ path, schema, schema_file: file, mode, owner, group }, context): SqliteDesired | undefined {
    if ((schema === undefined) === (file === undefined)) {
      context.problem('schema', 'exactly one of "schema" and "schema_file" is needed');
      return undefined;
    }
    const attribute = file === undefined ? 'schema' : 'schema_file';
    const source = file === undefined ? undefined : context.sourceFile(file, attribute);
    const sql = source ? context.read(source.content).toString() : schema;
    if (sql === undefined) return undefined;
    const compiled = compileSchema(sql, (message) => context.problem(attribute, message));
    return compiled && { path, schema: compiled, mode, ...ownershipOf({ owner, group }) };
  },

  inspect(desired, { host }): SqliteState {
    const { path, schema } = desired;
    const stat = host.stat(path);
    if (!stat) {
      about(path, () => assertPlainSidecars(host.realPath(path)));
      return { exists: false };
    }
    assertFile(stat, path);
    return {
      exists: true,
      schema: use(path, host, (real) => readDatabase(real, schema)),
      mode: stat.mode,
      ...inspectOwners(stat, host, desired),
    };
  },

  diff(desired, actual): Diff {
    if (!actual.exists) return { action: 'create', changes: planMigration(desired.schema, nothing).changes };
    const changes: Change[] = [...planMigration(desired.schema, actual.schema).changes];
    if (parseMode(desired.mode) !== actual.mode)
      changes.push({ field: 'mode', from: formatMode(actual.mode), to: formatMode(parseMode(desired.mode)) });
    changes.push(...diffOwners(desired, actual));
    return changes.length === 0 ? converged : { action: 'update', changes };
  },

  refuses(desired, actual): readonly Refusal[] {
    const conflicts = actual.exists ? planMigration(desired.schema, actual.schema).conflicts : [];
    return conflicts.map((conflict) => ({
      code: 'schema-conflict',
      message: `${desired.path}: ${conflict}`,
      hint: 'write the schema as the database is, or migrate the database by hand',
    }));
  },

  apply(desired, changes, { host }) {
    const { path, schema, mode } = desired;
    if (!host.stat(path)) {
      // A log left by an earlier database of that name would be replayed into the new one.
      for (const sidecar of sidecarsOf(path)) if (host.stat(sidecar)) host.remove(sidecar);
      host.writeFile(path, buildDatabase(schema), { mode: parseMode(mode), ...ownerIds(desired, host) });
      return;
    }
    if (changes.some(({ field }) => !['mode', 'owner', 'group'].includes(field)))
      use(path, host, (real) => migrateDatabase(real, schema));
    if (changes.some(({ field }) => field === 'mode')) host.setMode(path, parseMode(mode));
    // In place, unlike other files: programs have a database open, and would go on with one that has lost its name.
    if (changes.some(({ field }) => field === 'owner' || field === 'group')) applyOwners(path, desired, host);
  },

  watches: ({ path }) => [path, `${path}-wal`],
  owns: ({ path }) => [path],
  modes: ({ path, mode }) => [{ path, mode }],
  requires: (desired) => accountsOf(desired),

  // On a live host programs may write rows between the change and its undo: there what was added is taken back, and the
  // file is never replaced. Under --root, and where there was no database, the files themselves are put back.
  touches: ({ path }, _changes, host) => (host.live && host.stat(path) ? [] : [path, ...sidecarsOf(path)]),

  handsOver: {
    of: () => ({}),
    // Rows are never given up.
    othersNow: (_made, paths, host) =>
      paths.find((path) => host.stat(path)?.type === 'file' && (host.usePath(path, hasRows)?.result ?? true)),
  },

  undo: {
    capture({ path, schema }, { host }) {
      const stat = host.live ? host.stat(path) : undefined;
      if (!stat) return { database: null };
      // Whose it is goes into the undo, and must not be whose a link is that has taken its place.
      assertFile(stat, path);
      // What nobody can open by its path is not migrated either, but may change hands.
      const actual = about(path, () => host.usePath(path, (real) => readDatabase(real, schema)))?.result;
      const { additions, changes } = actual ? planMigration(schema, actual) : { additions: [], changes: [] };
      const changed = new Set(changes.map(({ field }) => field));
      return {
        database: {
          path,
          additions: additions.map((addition) => ({ ...addition })),
          userVersion: changed.has('user_version') ? { from: actual?.userVersion ?? null, to: schema.userVersion } : null,
          journalMode: changed.has('journal_mode') ? (actual?.journalMode ?? null) : null,
          attributes: { mode: stat.mode, uid: stat.uid, gid: stat.gid },
        },
      };
    },
    restore({ database }, { host }) {
      if (!database) return;
      const stat = host.stat(database.path);
      if (!stat) return;
      if (isMigration(database)) use(database.path, host, (real) => revertDatabase(real, database));
      const { mode, uid, gid } = database.attributes;
      if (uid !== stat.uid || gid !== stat.gid) host.setOwner(database.path, uid, gid);
      if (mode !== stat.mode) host.setMode(database.path, mode);
    },
  },
});

function assertFile({ type }: PathStat, path: AbsolutePath): void {
  if (type !== 'file') throw new Error(`${path} is a ${type}, not a database`);
}

/** Whether there is anything to take back in the database itself. */
const isMigration = ({ additions, userVersion, journalMode }: Parameters<typeof revertDatabase>[1]): boolean =>
  additions.length > 0 || userVersion !== null || journalMode !== null;

function use<T>(path: AbsolutePath, host: HostReader, act: (real: string) => T): T {
  const used = about(path, () => host.usePath(path, act));
  if (used) return used.result;
  throw new Error(`${path}: others than its owner can put another file in its place; give it to whom its directory belongs`);
}

function about<T>(path: AbsolutePath, act: () => T): T {
  try {
    return act();
  } catch (error) {
    throw new Error(`${path}: ${(error as Error).message}`, { cause: error });
  }
}
