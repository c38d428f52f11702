import { memo } from 'preact/compat';
import { useCallback, useRef, useState } from 'preact/hooks';
import type { Chart, ChartState } from './chart.ts';
import type { Box, ChartLayout } from './layout.ts';
import type { Marks } from './marks.ts';
import { isDirection, nearest } from './nearest.ts';
import type { ChartView } from './view.ts';

export interface StateKeysProps {
  readonly view: ChartView;
  readonly layout: ChartLayout;
  readonly marks: Marks;
  readonly selected: string | null;
  /** The state that one looks at first. */
  readonly first: string;
  readonly scale: number;
  readonly title: string;
  readonly onSelect: (path: string) => void;
  readonly onToggle: (path: string) => void;
}

/** What can be clicked and reached by key: a button over each state. Arrow keys lead from one to the next. */
export function StateKeys(props: StateKeysProps) {
  const { view, layout, marks, selected, first, scale, title, onSelect, onToggle } = props;
  const [focused, setFocused] = useState<string | null>(null);
  const [told, setTold] = useState<string | null>(null);
  const place = useRef<HTMLFieldSetElement>(null);
  const entry = entryOf(view, [focused, selected, first]);

  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === 'Escape') return setTold(null);
    if (!isDirection(event.key) || focused === null) return;
    event.preventDefault();
    const next = nearest(layout, focused, event.key);
    if (next !== undefined) focusOn(place.current, next);
  };
  const onFocus = useCallback((path: string) => {
    setFocused(path);
    setTold(path);
  }, []);
  const onPress = useCallback(
    (path: string, isSelected: boolean) => (isSelected ? onToggle(path) : onSelect(path)),
    [onSelect, onToggle],
  );
  return (
    <fieldset class="chart-keys" ref={place} onKeyDown={onKeyDown} onFocusOut={() => setTold(null)}>
      <legend class="chart-hidden">{`States of ${title}: arrow keys lead from one to the next`}</legend>
      {view.shown.map((state) => (
        <StateKey
          key={state.path}
          state={state}
          box={layout.boxes.get(state.path) as Box}
          words={wordsOf(state, view, marks)}
          isOpen={view.open.has(state.path)}
          isEntry={state.path === entry}
          isSelected={state.path === selected}
          scale={scale}
          onFocus={onFocus}
          onPress={onPress}
          onTell={setTold}
        />
      ))}
      {told !== null && <Tip path={told} chart={view.chart} layout={layout} scale={scale} />}
    </fieldset>
  );
}

/** The one that the Tab key leads to: the first of these that is shown. */
const entryOf = ({ shown }: ChartView, wanted: readonly (string | null)[]): string | undefined =>
  wanted.find((path) => shown.some((state) => state.path === path)) ?? shown[0]?.path;

function focusOn(place: HTMLElement | null, path: string): void {
  for (const button of place?.querySelectorAll('button') ?? [])
    if (button.dataset.path === path) button.focus({ preventScroll: false });
}

function wordsOf(state: ChartState, { open }: ChartView, { active, visited }: Marks): string {
  const times = visited.get(state.path)?.times ?? 0;
  return [
    state.name,
    active.has(state.path) && 'active',
    !active.has(state.path) && times > 0 && 'was active',
    times > 1 && `entered ${times} times`,
    state.children.length > 0 && (open.has(state.path) ? 'open' : 'closed'),
  ]
    .filter(Boolean)
    .join(', ');
}

interface StateKeyProps {
  readonly state: ChartState;
  readonly box: Box;
  readonly words: string;
  readonly isOpen: boolean;
  readonly isEntry: boolean;
  readonly isSelected: boolean;
  readonly scale: number;
  readonly onFocus: (path: string) => void;
  readonly onPress: (path: string, isSelected: boolean) => void;
  readonly onTell: (path: string | null) => void;
}

/** Of an open state, its head: what is in it has buttons of its own. */
const HEAD_PX = 30;

const StateKey = memo((props: StateKeyProps) => {
  const { state, box, words, isOpen, isEntry, isSelected, scale, onFocus, onPress, onTell } = props;
  const { path } = state;
  return (
    <button
      type="button"
      data-path={path}
      aria-label={words}
      aria-pressed={isSelected}
      tabIndex={isEntry ? 0 : -1}
      class="chart-key"
      style={{
        left: box.x * scale,
        top: box.y * scale,
        width: box.width * scale,
        height: (isOpen ? HEAD_PX : box.height) * scale,
      }}
      onFocus={() => onFocus(path)}
      onMouseEnter={() => onTell(path)}
      onMouseLeave={() => onTell(null)}
      onClick={() => onPress(path, isSelected)}
    />
  );
});

/** As wide as its style lets it be. */
const TIP_WIDTH_PX = 280;

interface TipProps {
  readonly path: string;
  readonly chart: Chart;
  readonly layout: ChartLayout;
  readonly scale: number;
}

/** What a state is, below it. */
function Tip({ path, chart, layout, scale }: TipProps) {
  const box = layout.boxes.get(path);
  const state = chart.states.get(path);
  if (!box || !state) return null;
  const top = (box.y + Math.min(box.height, 44)) * scale + 4;
  const left = Math.max(0, Math.min(box.x * scale, layout.width * scale - TIP_WIDTH_PX));
  return (
    <div role="tooltip" class="chart-tip" style={{ left, top }}>
      <strong>{state.name}</strong> {state.description || groupText(state)}
    </div>
  );
}

const groupText = ({ children }: ChartState): string => `${children.length} states of the way, in one box.`;
