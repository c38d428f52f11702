/** What a daemon has begun, so that all of it is ended again, whether the start fails or the daemon has done its work. */
export class Begun {
  readonly #begun: { readonly what: string; readonly end: () => unknown }[] = [];

  /** @param what - its name, for the log */
  add(what: string, end: () => unknown): void {
    this.#begun.push({ what, end });
  }

  /**
   * Ends everything, what was begun last first, and each once. Never rejects.
   *
   * @param onFault - told of what could not be ended, which keeps nothing else from its end
   */
  async end(onFault: (what: string, error: unknown) => void): Promise<void> {
    for (let last = this.#begun.pop(); last; last = this.#begun.pop())
      try {
        await last.end();
      } catch (error) {
        onFault(last.what, error);
      }
  }
}
