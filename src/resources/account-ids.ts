type Account = { readonly name: string; readonly ensure: string };

/** Resources by the id that they want for what is to be there. */
type AddressesById = ReadonlyMap<number, readonly string[]>;

export function addressesById<T extends Account>(
  kind: 'user' | 'group',
  all: readonly T[],
  idOf: (account: T) => number | undefined,
): AddressesById {
  const wanted = all.filter((account) => account.ensure === 'present' && idOf(account) !== undefined);
  const byId = Map.groupBy(wanted, (account) => idOf(account)!);
  return new Map([...byId].map(([id, accounts]) => [id, accounts.map(({ name }) => `${kind}[${name}]`)]));
}

/** Another resource that wants the same id. */
export function otherWithId({ name, ensure }: Account, id: number | undefined, addresses: AddressesById): string | null {
  if (id === undefined || ensure !== 'present') return null;
  return addresses.get(id)?.find((address) => !address.endsWith(`[${name}]`)) ?? null;
}
