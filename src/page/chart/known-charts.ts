import definitions from 'perry:charts';
import type { Chart } from './chart.ts';
import { withPhases } from './phases.ts';
import { readDefinition } from './read-definition.ts';

const read = new Map<string, Chart | undefined>();

/** The statechart with this id, as this version of the program has it. */
export function chartNamed(id: string): Chart | undefined {
  if (!read.has(id)) {
    const chart = Object.hasOwn(definitions, id) ? readDefinition(definitions[id]) : undefined;
    read.set(id, chart && withPhases(chart));
  }
  return read.get(id);
}
