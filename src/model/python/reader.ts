/** What is wrong with a pattern, a replacement, or a text for a pattern. Names constructs and places, and quotes nothing: patterns may be secrets. */
export class PatternFault extends Error {}

/** A place in a pattern, which is read from left to right by code points, as Python does. */
export class PatternReader {
  readonly #characters: readonly string[];
  index = 0;

  constructor(pattern: string) {
    this.#characters = Array.from(pattern);
  }

  get next(): string | undefined {
    return this.#characters[this.index];
  }

  take(): string {
    return this.#characters[this.index++] ?? this.fail('an unexpected end');
  }

  /** Whether the text stands here, which is then passed. */
  accept(text: string): boolean {
    const stands = Array.from(text).every((character, offset) => this.#characters[this.index + offset] === character);
    if (stands) this.index += Array.from(text).length;
    return stands;
  }

  takeWhile(allowed: RegExp, most = Infinity): string {
    let taken = '';
    while (taken.length < most && this.next !== undefined && allowed.test(this.next)) taken += this.take();
    return taken;
  }

  takeUntil(end: string): string {
    let taken = '';
    for (let character = this.take(); character !== end; character = this.take()) taken += character;
    return taken;
  }

  fail(fault: string, at = this.index): never {
    throw new PatternFault(`${fault}, at character ${at + 1}`);
  }
}
