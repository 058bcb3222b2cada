/** What stands in the place of a file that Git LFS keeps elsewhere, with extensions in the middle. */
export const lfsPointer = {
  /** Bytes. */
  largest: 1_023,
  form: /^version https:\/\/git-lfs\.github\.com\/spec\/v1\n(?:[^\n]+\n)*?oid sha256:[0-9a-f]{64}\nsize \d+\n$/,
  hint: 'take it out of LFS (git lfs migrate export), or let the host fetch it (kind: download)',
} as const;
