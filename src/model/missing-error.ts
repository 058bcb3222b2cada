/** A program that cannot be started: it, its user or its directory is not there, or not yet. */
export class MissingError extends Error {
  readonly missing: string;

  constructor(missing: string, message: string) {
    super(message);
    this.missing = missing;
  }
}
