/** Expects what `fileMode` let through. */
export const parseMode = (text: string): number => Number.parseInt(text, 8);

/** `0644`: four octal digits. */
export const formatMode = (mode: number): string => (mode & 0o7777).toString(8).padStart(4, '0');
