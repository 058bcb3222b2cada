import type { Address } from '../model/catalog.ts';
import type { JsonObject } from '../model/json.ts';
import { sealSecrets } from '../model/secret.ts';
import type { Ledger, LedgerEntry } from '../state/ledger.ts';

/**
 * What the ledger said before a run that was applied, kept with the run's undo data: when a person takes the run back, the
 * ledger must not claim that the newer state was last applied. A run that fails never gets as far as the ledger.
 */
export const captureLedger = (address: Address, ledger: Ledger): JsonObject => ({
  ledger: JSON.parse(JSON.stringify(ledger.get(address) ?? null)) as JsonObject | null,
});

export const isLedgerUndo = (entry: JsonObject): boolean => 'ledger' in entry;

/** Puts the entry back as it was before the run, or takes it out. */
export function restoreLedger(address: Address, entry: JsonObject, ledger: Ledger): void {
  const before = entry['ledger'] as unknown as LedgerEntry | null;
  if (before === null) ledger.remove(address);
  // Earlier versions did not know what they had made, and who was told.
  else
    ledger.put({
      ...before,
      made: before.made ?? [],
      notify: before.notify ?? [],
      desired: sealSecrets(before.desired) as object,
    });
}
