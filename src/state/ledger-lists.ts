import type { DatabaseSync } from 'node:sqlite';
import type { Address } from '../model/catalog.ts';
import { checksum } from './checksum.ts';
import { damaged } from './state-error.ts';

/**
 * Tables of their own beside the ledger, which versions that do not know them leave alone: they read a ledger without another column.
 * What one of them takes out of the ledger is forgotten here all the same. `made`: the parts of resources that this program made;
 * `notified`: the addresses that they notify.
 */
export const listSchema = `
CREATE TABLE IF NOT EXISTS made (address TEXT PRIMARY KEY, parts TEXT NOT NULL, checksum TEXT NOT NULL) STRICT;
CREATE TRIGGER IF NOT EXISTS forget_made AFTER DELETE ON ledger BEGIN DELETE FROM made WHERE address = OLD.address; END;
CREATE TABLE IF NOT EXISTS notified (address TEXT PRIMARY KEY, addresses TEXT NOT NULL, checksum TEXT NOT NULL) STRICT;
CREATE TRIGGER IF NOT EXISTS forget_notified AFTER DELETE ON ledger BEGIN DELETE FROM notified WHERE address = OLD.address; END;
`;

/** One of these tables: a list by address. None are known of what an earlier version applied. */
export function openLists(database: DatabaseSync, file: string, table: 'made' | 'notified') {
  const of = table === 'made' ? 'what it says was made of' : 'what it says is notified by';
  const isThere = database.prepare('SELECT 1 FROM sqlite_schema WHERE name = ?').get(table) !== undefined;
  const select = () => database.prepare(`SELECT * FROM ${table} WHERE address = ?`);
  const insert = () => database.prepare(`INSERT OR REPLACE INTO ${table} VALUES (?, ?, ?)`);
  const forget = () => database.prepare(`DELETE FROM ${table} WHERE address = ?`);
  let selecting: ReturnType<typeof select> | undefined;
  let prepared: { readonly insert: ReturnType<typeof insert>; readonly forget: ReturnType<typeof forget> } | undefined;
  return {
    all(): ReadonlyMap<Address, readonly string[]> {
      const rows = isThere ? database.prepare(`SELECT * FROM ${table}`).all() : [];
      return new Map(rows.map((row) => [String(row['address']), readList(row, file, of)]));
    },
    get(address: Address): readonly string[] {
      const row = isThere ? (selecting ??= select()).get(address) : undefined;
      return row ? readList(row, file, of) : [];
    },
    put(address: Address, list: readonly string[]): void {
      prepared ??= { insert: insert(), forget: forget() };
      const text = JSON.stringify(list);
      if (list.length === 0) prepared.forget.run(address);
      else prepared.insert.run(address, text, checksum(address, text));
    },
  };
}

function readList(row: Readonly<Record<string, unknown>>, file: string, of: string): readonly string[] {
  const [address, list, expected] = Object.values(row).map(String);
  if (checksum(address!, list!) !== expected) throw damaged(file, `${of} ${address} is not what was written`);
  return JSON.parse(list!) as string[];
}
