import type { PatternBudget } from './path-pattern-budget.ts';
import type { Program } from './path-pattern-compile.ts';

/** All places of the program that it can be at between two characters, and what follows from that. */
interface State {
  readonly places: readonly number[];
  /** It matches whatever comes. */
  readonly matches: boolean;
  /** It matches when this is the end of the path. */
  readonly matchesAtEnd: boolean;
  /** By the next character. */
  readonly next: Map<string, State>;
}

/** More than patterns for paths have; then they are made anew. */
const MAX_STATES = 1_000;
/** In steps, of which one is a look-up. */
const COST_OF_A_NEW_PLACE = 4;

/**
 * Runs a compiled pattern over paths (Thompson's construction). Its states are made when they are first met and kept,
 * so that a pattern that is used for many paths costs about one look-up for each character.
 */
export class PathAutomaton {
  readonly #program: Program;
  readonly #budget: PatternBudget;
  #states = new Map<string, State>();

  constructor(program: Program, budget: PatternBudget) {
    this.#program = program;
    this.#budget = budget;
  }

  matches(path: string): boolean {
    let state = this.#state([0], true);
    for (let at = 0; at < path.length && !state.matches; at += 1) {
      this.#budget.spend(1);
      state = this.#after(state, path.charAt(at));
    }
    return state.matches || state.matchesAtEnd;
  }

  #after(state: State, character: string): State {
    const known = state.next.get(character);
    if (known) return known;
    this.#budget.spend(COST_OF_A_NEW_PLACE * state.places.length);
    const reached = state.places.filter((place) => {
      const instruction = this.#program[place];
      return instruction?.kind === 'character' && instruction.accepts(character);
    });
    // a match may start anywhere
    const next = this.#state([0, ...reached.map((place) => place + 1)], false);
    state.next.set(character, next);
    return next;
  }

  #state(from: readonly number[], atStart: boolean): State {
    const key = `${atStart ? '^' : ''}${from.join(',')}`;
    const known = this.#states.get(key);
    if (known) return known;
    const places = this.#follow(from, { atStart, atEnd: false });
    const last = this.#program.length - 1;
    const state = {
      places,
      matches: places.includes(last),
      matchesAtEnd: this.#follow(from, { atStart, atEnd: true }).includes(last),
      next: new Map<string, State>(),
    };
    if (this.#states.size >= MAX_STATES) this.#states = new Map();
    this.#states.set(key, state);
    return state;
  }

  /** These places and all that they lead to without reading a character. */
  #follow(from: readonly number[], around: { readonly atStart: boolean; readonly atEnd: boolean }): number[] {
    const found = new Set<number>();
    const open = [...from];
    for (let place = open.pop(); place !== undefined; place = open.pop()) {
      if (found.has(place)) continue;
      found.add(place);
      const instruction = this.#program[place];
      if (instruction?.kind === 'jump') for (const offset of instruction.to) open.push(place + offset);
      if (instruction?.kind === 'assert' && around[instruction.what]) open.push(place + 1);
    }
    this.#budget.spend(COST_OF_A_NEW_PLACE * found.size);
    return [...found];
  }
}
