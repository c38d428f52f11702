/** What a state is; `phase` is a group of states that only the drawing knows. */
export type StateKind = 'atomic' | 'compound' | 'parallel' | 'final' | 'history' | 'phase';

/** One state as it is drawn. */
export interface ChartState {
  /** From the root, e.g. `engaged.work.running`; the root itself is `''`. */
  readonly path: string;
  readonly name: string;
  readonly kind: StateKind;
  readonly description: string;
  /** The ports that it invokes. */
  readonly does: readonly string[];
  /** `null` for the root. */
  readonly parent: string | null;
  readonly children: readonly string[];
  /** Where its parent begins. */
  readonly isInitial: boolean;
}

/**
 * Why a transition is taken: something that was invoked has ended, or a condition holds (`next`); somebody said so
 * (`event`); a pause is over (`pause`), or a deadline (`deadline`); something that was invoked has failed (`fault`).
 */
export type Cause = 'next' | 'event' | 'pause' | 'deadline' | 'fault';

export interface ChartEdge {
  readonly from: string;
  readonly to: string;
  readonly cause: Cause;
  /** What it waits for, e.g. `codesign done`, `vm.lost`, `after jobTimeout`; `''` when it waits for nothing. */
  readonly what: string;
  /** The condition, or `''`. */
  readonly guard: string;
}

/** A statechart as it is drawn. */
export interface Chart {
  /** Of the machine, e.g. `signJob`. */
  readonly id: string;
  readonly states: ReadonlyMap<string, ChartState>;
  readonly edges: readonly ChartEdge[];
}

export const ROOT = '';

/** The state and all around it, from the inside out, without the root. */
export function around(chart: Chart, path: string): readonly string[] {
  const found: string[] = [];
  let at: string | null = path;
  while (at !== null && at !== ROOT) {
    found.push(at);
    at = chart.states.get(at)?.parent ?? null;
  }
  return found;
}

/** The innermost state around both, or the root; a state is around itself. */
export function commonAround(chart: Chart, one: string, other: string): string {
  const ofOther = new Set(around(chart, other));
  return around(chart, one).find((path) => ofOther.has(path)) ?? ROOT;
}
