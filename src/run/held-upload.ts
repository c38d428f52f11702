/** The end of an upload that began before its artifact was checked. */
export class HeldUpload {
  #release: () => void = () => {};
  #isReleased = false;
  readonly released = new Promise<void>((resolve) => {
    this.#release = resolve;
  });

  get isReleased(): boolean {
    return this.#isReleased;
  }

  release(): void {
    this.#isReleased = true;
    this.#release();
  }
}
