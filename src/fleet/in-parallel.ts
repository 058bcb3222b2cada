/** Does `act` for each item, at most so many at the same time, beginning in their order. Rejects with the first that does. */
export async function inParallel<T>(items: readonly T[], forks: number, act: (item: T) => Promise<void>): Promise<void> {
  const left = items.values();
  const work = async (): Promise<void> => {
    // All workers take from the same iterator.
    for (const item of left) await act(item);
  };
  await Promise.all(Array.from({ length: Math.min(forks, items.length) }, work));
}
