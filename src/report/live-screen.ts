/** What is drawn over and over on the terminal of this process. */
interface Drawing {
  /** Takes it away, until it may go on. */
  hold(): void;
  goOn(): void;
}

const drawings = new Set<Drawing>();
let questions = 0;

/** The terminal, shared by what is drawn there and what is asked. */
export const liveScreen = {
  /** Gives what ends it. */
  show(drawing: Drawing): () => void {
    drawings.add(drawing);
    if (questions > 0) drawing.hold();
    return () => void drawings.delete(drawing);
  },

  /** Nothing is drawn until the question has its answer: it would be wiped, and asked for ever. */
  async ask<T>(question: () => Promise<T>): Promise<T> {
    if (questions++ === 0) for (const each of drawings) each.hold();
    try {
      return await question();
    } finally {
      if (--questions === 0) for (const each of drawings) each.goOn();
    }
  },
};
