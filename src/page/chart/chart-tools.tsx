import { useId } from 'preact/hooks';
import type { Exits } from './view.ts';

export interface ChartToolsProps {
  readonly scale: number;
  readonly exits: Exits;
  readonly isAllOpen: boolean;
  /** What is being done, or has failed; empty most of the time. */
  readonly said: string;
  readonly zoomStep: number;
  readonly onZoom: (factor: number) => void;
  readonly onFit: () => void;
  readonly onExits: (exits: Exits) => void;
  readonly onOpenAll: () => void;
  readonly onOpenFirst: () => void;
}

const EXITS: readonly (readonly [Exits, string])[] = [
  ['hidden', 'not drawn'],
  ['together', 'as one arrow'],
  ['each', 'each by itself'],
];

/** What can be done with the picture of a chart. */
export function ChartTools(props: ChartToolsProps) {
  const { scale, exits, isAllOpen, said, zoomStep, onZoom, onFit, onExits, onOpenAll, onOpenFirst } = props;
  const id = useId();
  return (
    <div class="chart-tools">
      <button type="button" aria-label="Smaller" onClick={() => onZoom(1 / zoomStep)}>
        −
      </button>
      <span class="chart-scale">{Math.round(scale * 100)} %</span>
      <button type="button" aria-label="Larger" onClick={() => onZoom(zoomStep)}>
        +
      </button>
      <button type="button" onClick={onFit}>
        Fit
      </button>
      <button type="button" onClick={isAllOpen ? onOpenFirst : onOpenAll}>
        {isAllOpen ? 'Overview' : 'Open all'}
      </button>
      <span class="chart-choice">
        <label for={id}>Shared exits</label>
        <select id={id} value={exits} onChange={(event) => onExits(event.currentTarget.value as Exits)}>
          {EXITS.map(([value, text]) => (
            <option key={value} value={value}>
              {text}
            </option>
          ))}
        </select>
      </span>
      <span role="status" class="chart-quiet">
        {said}
      </span>
    </div>
  );
}
