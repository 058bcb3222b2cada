/** The beginning of a text that is longer than so many characters, and that it is one. */
export const cut = (text: string, length: number): string => (text.length > length ? `${text.slice(0, length)}...` : text);
