/** One line of the daemon's debug log: a statechart took a transition. */
export interface StateLine {
  readonly atMs: number;
  /** `supervisor/run.ID`, `supervisor/run.ID/vm` or `supervisor/pool/standby.NAME`. */
  readonly actor: string;
  /** Active leaf of the region that matters, e.g. `codesigning`. */
  readonly state: string;
  /** A run has ended, its machine is gone. */
  readonly isFinal: boolean;
}

type Value = string | { readonly [name: string]: Value };

export function stateLineOf(line: string): StateLine | undefined {
  if (!line.includes('"msg":"state"')) return undefined;
  const { time, actor, state } = JSON.parse(line) as { time: number; actor: string; state: Value };
  const isRun = /\/run\.[^/]+$/.test(actor);
  if (!isRun && !/\/(vm|standby\.[^/]+)$/.test(actor)) return undefined;
  const isFinal = isRun && typeof state === 'string';
  return { atMs: time, actor, state: leafOf(isRun ? workOf(state) : state), isFinal };
}

const workOf = (value: Value): Value => {
  const engaged = typeof value === 'string' ? value : value.engaged;
  return (typeof engaged === 'string' ? engaged : engaged?.work) ?? value;
};

/** Names of nested states, without those that only group. */
function leafOf(value: Value): string {
  if (typeof value === 'string') return value;
  const [name, inner] = Object.entries(value)[0] ?? ['', ''];
  if (inner === undefined || inner === '') return name;
  const below = leafOf(inner);
  return ['running', 'alive'].includes(name) ? below : `${name}.${below}`;
}

export interface Stay {
  readonly state: string;
  readonly ms: number;
}

/** How long each state of one actor lasted, in order; the last one has no end. */
export function staysOf(lines: readonly StateLine[]): Stay[] {
  const changes = lines.filter((line, index) => line.state !== lines[index - 1]?.state);
  return changes
    .slice(0, -1)
    .map(({ state, atMs }, index) => ({ state, ms: (changes[index + 1]?.atMs ?? atMs) - atMs }));
}
