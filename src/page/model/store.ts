import { useEffect, useState } from 'preact/hooks';
import { nothingKnown, type PageState } from './state.ts';

type Listener = () => void;

/** One state for the whole page; who looks at it is told in the next frame, however often it has changed by then. */
class Store {
  state: PageState = nothingKnown;
  readonly #listeners = new Set<Listener>();
  #frame = 0;

  put(state: PageState): void {
    this.state = state;
    // a page in the background gets no frames, and needs none
    if (this.#frame === 0) this.#frame = requestAnimationFrame(() => this.#tell());
  }

  listen(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  #tell(): void {
    this.#frame = 0;
    for (const listener of [...this.#listeners]) listener();
  }
}

export const store = new Store();

/** A part of the state; whoever uses it is drawn again only when that part is another one. */
export function usePage<Part>(select: (state: PageState) => Part): Part {
  const [, setPart] = useState<{ readonly part: Part }>({ part: select(store.state) });
  useEffect(() => {
    const look = () => {
      const part = select(store.state);
      setPart((before) => (Object.is(before.part, part) ? before : { part }));
    };
    look();
    return store.listen(look);
  }, [select]);
  return select(store.state);
}
