import type { DatabaseSync } from 'node:sqlite';
import type { Address } from '../model/catalog.ts';
import { canonicalJson } from '../model/json.ts';
import type { LastApplied } from '../model/last-applied.ts';
import { sealSecrets } from '../model/secret.ts';
import { checksum } from './checksum.ts';
import { openLists } from './ledger-lists.ts';
import { damaged } from './state-error.ts';

/** What was last applied for one resource, and by which run. */
export interface LedgerEntry extends LastApplied {
  readonly run: string;
  /** A commit, with `uncommittedMark` where not all of it was in that; null outside git. */
  readonly revision: string | null;
  readonly appliedAt: string;
}

/** The ledger: every resource that this program owns on the host. */
export interface Ledger {
  all(): ReadonlyMap<Address, LedgerEntry>;
  /** Sorted, without reading the entries. */
  addresses(): readonly Address[];
  get(address: Address): LedgerEntry | undefined;
  put(entry: LedgerEntry): void;
  remove(address: Address): void;
}

/** Throws `StateError` for an entry that is not what was written: what is in it decides what is removed. */
export function openLedger(database: DatabaseSync, file: string): Ledger {
  const put = () =>
    database.prepare(`INSERT OR REPLACE INTO ledger (address, kind, digest, prune, desired, sensitive, origin, run, revision, applied_at, checksum)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`);
  let prepared: ReturnType<typeof put> | undefined;
  const made = openLists(database, file, 'made');
  const notified = openLists(database, file, 'notified');
  return {
    all() {
      const [partsOf, notifiedBy] = [made.all(), notified.all()];
      const entries = database
        .prepare('SELECT * FROM ledger ORDER BY address')
        .all()
        .map((row) => readEntry(row, file));
      const listsOf = (address: Address) => ({ made: partsOf.get(address) ?? [], notify: notifiedBy.get(address) ?? [] });
      return new Map(entries.map((entry) => [entry.address, { ...entry, ...listsOf(entry.address) }]));
    },
    addresses: () =>
      database
        .prepare('SELECT address FROM ledger ORDER BY address')
        .all()
        .map(({ address }) => String(address)),
    get(address) {
      const row = database.prepare('SELECT * FROM ledger WHERE address = ?').get(address);
      return row && { ...readEntry(row, file), made: made.get(address), notify: notified.get(address) };
    },
    put(entry) {
      prepared ??= put();
      const { address, kind, digest, prune, desired, sensitive, origin, run, revision, appliedAt } = entry;
      const text = canonicalJson(desired);
      const values = [address, kind, digest, prune, text, sensitive ? 1 : 0, origin, run, revision, appliedAt];
      prepared.run(...values, checksum(...values));
      made.put(address, entry.made);
      notified.put(address, entry.notify);
    },
    remove(address) {
      database.prepare('DELETE FROM ledger WHERE address = ?').run(address);
    },
  };
}

function readEntry(row: Readonly<Record<string, unknown>>, file: string): Omit<LedgerEntry, 'made' | 'notify'> {
  const { checksum: expected, ...columns } = row;
  if (checksum(...Object.values(columns)) !== expected)
    throw damaged(file, `its entry of ${String(row['address'])} is not what was written`);
  return {
    address: String(row['address']),
    kind: String(row['kind']),
    digest: String(row['digest']),
    prune: row['prune'] as LedgerEntry['prune'],
    desired: sealSecrets(JSON.parse(String(row['desired']))) as object,
    sensitive: row['sensitive'] === 1,
    origin: String(row['origin']),
    run: String(row['run']),
    revision: row['revision'] === null ? null : String(row['revision']),
    appliedAt: String(row['applied_at']),
  };
}
