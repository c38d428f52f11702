/** Replaces every occurrence of a fixed set of texts. */
export type Replace = (text: string) => string;

/**
 * The beginning of a text counts as the text where the input ends, and its end where the input begins: somebody cut it
 * there.
 */
const MIN_CUT_CHARACTERS = 6;

/**
 * Compiles texts into one automaton (Aho and Corasick, "Efficient string matching", 1975) that passes over an input once,
 * however many texts there are. What overlaps or touches becomes one `mask`.
 *
 * @param counts - asked for each occurrence that was found
 */
export function compileMatcher(
  texts: readonly string[],
  mask: string,
  counts: (input: string, span: Span) => boolean = () => true,
): Replace {
  const automaton = new Automaton(texts);
  const mirrored = new Automaton(texts.map(mirror));
  const longest = texts.reduce((most, { length }) => Math.max(most, length), 0);
  return (input) => {
    const endOfCut = mirrored.begunAtEnd(mirror(input.slice(0, longest)));
    return withMasks(input, automaton.find(input, counts, endOfCut), mask);
  };
}

/** By UTF-16 units, because that is what is compared. */
const mirror = (text: string): string => Buffer.from(text, 'utf16le').swap16().reverse().toString('utf16le');

/** Neither a letter nor a digit stands beside it. */
export const isWholeWord = (input: string, { start, end }: Span): boolean =>
  !(IN_WORD.test(input[start - 1] ?? '') || IN_WORD.test(input[end] ?? ''));

const IN_WORD = /[\p{L}\p{N}]/u;

export interface Span {
  readonly start: number;
  readonly end: number;
}

/**
 * Flat lists, one entry a state, because a key and its forms make thousands of states. State 0 is the root. A step costs
 * the same however many texts go on from a state: the steps are in one hash table with open addressing.
 */
class Automaton {
  #states = 1;
  readonly #slots: Int32Array;
  readonly #parent: Int32Array;
  readonly #code: Uint16Array;
  readonly #depth: Int32Array;
  /** The state of the longest suffix that begins a text as well. */
  readonly #suffix: Int32Array;
  /** Length of the longest text that ends here; 0 for none. */
  readonly #matched: Int32Array;

  /** @param texts - everything that it will find */
  constructor(texts: readonly string[]) {
    const mostStates = texts.reduce((sum, { length }) => sum + length, 1);
    this.#slots = new Int32Array(2 ** Math.ceil(Math.log2(2 * mostStates)));
    this.#parent = new Int32Array(mostStates);
    this.#code = new Uint16Array(mostStates);
    this.#depth = new Int32Array(mostStates);
    this.#suffix = new Int32Array(mostStates);
    this.#matched = new Int32Array(mostStates);
    for (const text of texts) this.#add(text);
    // the suffix of a state is less deep, and so is linked before it
    for (const state of inOrderOfDepth(this.#depth.subarray(0, this.#states))) this.#link(state);
  }

  #add(text: string): void {
    let state = 0;
    for (let at = 0; at < text.length; at += 1) {
      const code = text.charCodeAt(at);
      state = this.#child(state, code) || this.#addChild(state, code);
    }
    this.#matched[state] = text.length;
  }

  #link(state: number): void {
    const parent = this.#parent[state] as number;
    const suffix = parent === 0 ? 0 : this.#step(this.#suffix[parent] as number, this.#code[state] as number);
    this.#suffix[state] = suffix;
    this.#matched[state] = Math.max(this.#matched[state] as number, this.#matched[suffix] as number);
  }

  /** How much of a text, at least `MIN_CUT_CHARACTERS`, the input ends with; 0 for none. */
  begunAtEnd(input: string): number {
    let state = 0;
    for (let at = 0; at < input.length; at += 1) state = this.#step(state, input.charCodeAt(at));
    return this.#begun(state);
  }

  #begun(state: number): number {
    const depth = this.#depth[state] as number;
    return depth >= MIN_CUT_CHARACTERS ? depth : 0;
  }

  /** @param endOfCut - so much at the beginning of the input is the end of a text */
  find(input: string, counts: (input: string, span: Span) => boolean, endOfCut: number): Span[] {
    const spans: Span[] = endOfCut > 0 ? [{ start: 0, end: endOfCut }] : [];
    let state = 0;
    for (let at = 0; at < input.length; at += 1) {
      state = this.#step(state, input.charCodeAt(at));
      const length = this.#matched[state] as number;
      const span = { start: at + 1 - length, end: at + 1 };
      if (length > 0 && counts(input, span)) join(spans, span);
    }
    const begun = this.#begun(state);
    if (begun > 0) join(spans, { start: input.length - begun, end: input.length });
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

  /** 0 for none: the root is nobody's child. */
  #child(parent: number, code: number): number {
    return this.#slots[this.#slotOf(parent, code)] as number;
  }

  #addChild(parent: number, code: number): number {
    const state = this.#states;
    this.#states += 1;
    this.#slots[this.#slotOf(parent, code)] = state;
    this.#parent[state] = parent;
    this.#code[state] = code;
    this.#depth[state] = (this.#depth[parent] as number) + 1;
    return state;
  }

  /** Where that step is, or would be; at least half of the slots are free. */
  #slotOf(parent: number, code: number): number {
    const mask = this.#slots.length - 1;
    let slot = mixed(parent, code) & mask;
    for (;;) {
      const state = this.#slots[slot] as number;
      if (state === 0 || (this.#parent[state] === parent && this.#code[state] === code)) return slot;
      slot = (slot + 1) & mask;
    }
  }
}

/** All states without the root, by a counting sort: a matcher is compiled for each run, and this is the most of it. */
function inOrderOfDepth(depths: Int32Array): Uint32Array {
  const begins = new Uint32Array(depths.reduce((most, depth) => Math.max(most, depth), 0) + 2);
  for (const depth of depths) begins[depth + 1] = (begins[depth + 1] as number) + 1;
  for (let depth = 1; depth < begins.length; depth += 1)
    begins[depth] = (begins[depth] as number) + (begins[depth - 1] as number);
  const states = new Uint32Array(depths.length);
  for (const [state, depth] of depths.entries()) {
    const at = begins[depth] as number;
    states[at] = state;
    begins[depth] = at + 1;
  }
  return states.subarray(1);
}

/** Spreads steps evenly: the finalizer of MurmurHash3. */
function mixed(parent: number, code: number): number {
  let hash = Math.imul(parent, 0x9e3779b1) ^ code;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
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
