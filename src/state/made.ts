import type { DatabaseSync } from 'node:sqlite';
import type { Address } from '../model/catalog.ts';
import { checksum } from './checksum.ts';
import { damaged } from './state-error.ts';

/**
 * A table of its own beside the ledger, which versions that do not know it leave alone: they read a ledger without another column.
 * What one of them takes out of the ledger is forgotten here all the same.
 */
export const madeSchema = `
CREATE TABLE IF NOT EXISTS made (address TEXT PRIMARY KEY, parts TEXT NOT NULL, checksum TEXT NOT NULL) STRICT;
CREATE TRIGGER IF NOT EXISTS forget_made AFTER DELETE ON ledger BEGIN DELETE FROM made WHERE address = OLD.address; END;
`;

/** The parts of resources that this program made. None are known of what an earlier version applied. */
export function openMade(database: DatabaseSync, file: string) {
  const isThere = database.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'made'").get() !== undefined;
  const select = () => database.prepare('SELECT * FROM made WHERE address = ?');
  const insert = () => database.prepare('INSERT OR REPLACE INTO made VALUES (?, ?, ?)');
  const forget = () => database.prepare('DELETE FROM made WHERE address = ?');
  let selecting: ReturnType<typeof select> | undefined;
  let prepared: { readonly insert: ReturnType<typeof insert>; readonly forget: ReturnType<typeof forget> } | undefined;
  return {
    all(): ReadonlyMap<Address, readonly string[]> {
      const rows = isThere ? database.prepare('SELECT * FROM made').all() : [];
      return new Map(rows.map((row) => [String(row['address']), readParts(row, file)]));
    },
    get(address: Address): readonly string[] {
      const row = isThere ? (selecting ??= select()).get(address) : undefined;
      return row ? readParts(row, file) : [];
    },
    put(address: Address, parts: readonly string[]): void {
      prepared ??= { insert: insert(), forget: forget() };
      const text = JSON.stringify(parts);
      if (parts.length === 0) prepared.forget.run(address);
      else prepared.insert.run(address, text, checksum(address, text));
    },
  };
}

function readParts({ address, parts, checksum: expected }: Readonly<Record<string, unknown>>, file: string): readonly string[] {
  if (checksum(String(address), String(parts)) !== expected)
    throw damaged(file, `what it says was made of ${String(address)} is not what was written`);
  return JSON.parse(String(parts)) as string[];
}
