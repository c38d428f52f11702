/** Replaces every occurrence of a fixed set of texts. */
export type Replace = (text: string) => string;

/** The beginning of a text counts as the text where the input ends: somebody cut it there. */
const MIN_CUT_CHARACTERS = 6;

/**
 * Compiles texts into one automaton (Aho and Corasick, "Efficient string matching", 1975) that passes over an input once,
 * however many texts there are. What overlaps or touches becomes one `mask`.
 *
 * @param counts - asked for each occurrence that was found
 */
export function compileMatcher(
  texts: Iterable<string>,
  mask: string,
  counts: (input: string, span: Span) => boolean = () => true,
): Replace {
  const automaton = new Automaton();
  for (const text of texts) automaton.add(text);
  automaton.link();
  return (input) => withMasks(input, automaton.find(input, counts), mask);
}

/** Neither a letter nor a digit stands beside it. */
export const isWholeWord = (input: string, { start, end }: Span): boolean =>
  !(IN_WORD.test(input[start - 1] ?? '') || IN_WORD.test(input[end] ?? ''));

const IN_WORD = /[\p{L}\p{N}]/u;

export interface Span {
  readonly start: number;
  readonly end: number;
}

/** Flat lists, one entry a state, because a key and its forms make thousands of states. State 0 is the root. */
class Automaton {
  readonly #fromRoot = new Map<number, number>();
  readonly #code = [0];
  readonly #firstChild = [0];
  readonly #nextSibling = [0];
  readonly #depth = [0];
  /** The state of the longest suffix that begins a text as well. */
  readonly #suffix = [0];
  /** Length of the longest text that ends here; 0 for none. */
  readonly #matched = [0];

  add(text: string): void {
    let state = 0;
    for (let at = 0; at < text.length; at += 1) {
      const code = text.charCodeAt(at);
      state = this.#child(state, code) || this.#addChild(state, code);
    }
    this.#matched[state] = text.length;
  }

  /** States in the order of their depth: the suffix of a state is less deep, and so is done before it. */
  link(): void {
    const states = [...this.#fromRoot.values()];
    for (let next = 0; next < states.length; next += 1) {
      const state = states[next] as number;
      for (let child = this.#firstChild[state]; child; child = this.#nextSibling[child]) {
        const suffix = this.#step(this.#suffix[state] as number, this.#code[child] as number);
        this.#suffix[child] = suffix;
        this.#matched[child] = Math.max(this.#matched[child] as number, this.#matched[suffix] as number);
        states.push(child);
      }
    }
  }

  find(input: string, counts: (input: string, span: Span) => boolean): Span[] {
    const spans: Span[] = [];
    let state = 0;
    for (let at = 0; at < input.length; at += 1) {
      state = this.#step(state, input.charCodeAt(at));
      const length = this.#matched[state] as number;
      const span = { start: at + 1 - length, end: at + 1 };
      if (length > 0 && counts(input, span)) join(spans, span);
    }
    const begun = this.#depth[state] as number;
    if (begun >= MIN_CUT_CHARACTERS) join(spans, { start: input.length - begun, end: input.length });
    return spans;
  }

  #step(from: number, code: number): number {
    let state = from;
    let to = this.#child(state, code);
    while (to === 0 && state !== 0) {
      state = this.#suffix[state] as number;
      to = this.#child(state, code);
    }
    return to;
  }

  #child(state: number, code: number): number {
    if (state === 0) return this.#fromRoot.get(code) ?? 0;
    let child = this.#firstChild[state] as number;
    while (child !== 0 && this.#code[child] !== code) child = this.#nextSibling[child] as number;
    return child;
  }

  #addChild(parent: number, code: number): number {
    const state = this.#code.push(code) - 1;
    this.#firstChild.push(0);
    this.#depth.push((this.#depth[parent] as number) + 1);
    this.#suffix.push(0);
    this.#matched.push(0);
    this.#nextSibling.push(parent === 0 ? 0 : (this.#firstChild[parent] as number));
    if (parent === 0) this.#fromRoot.set(code, state);
    else this.#firstChild[parent] = state;
    return state;
  }
}

/** Spans come in the order of their ends; a long one swallows what lies in it. */
function join(spans: Span[], { start, end }: Span): void {
  let first = start;
  for (let last = spans.at(-1); last !== undefined && last.end >= first; last = spans.at(-1)) {
    first = Math.min(first, last.start);
    spans.pop();
  }
  spans.push({ start: first, end });
}

function withMasks(input: string, spans: readonly Span[], mask: string): string {
  if (spans.length === 0) return input;
  let clean = '';
  let from = 0;
  for (const { start, end } of spans) {
    clean += input.slice(from, start) + mask;
    from = end;
  }
  return clean + input.slice(from);
}
