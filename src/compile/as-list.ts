/** What users may write as one word or as a list of words. */
export const asList = (value: unknown): readonly string[] =>
  value === undefined ? [] : (Array.isArray(value) ? value : [value]).map(String);
