import { useId } from 'preact/hooks';
import { shortDuration } from '../words/format.ts';
import type { WalkStep } from './walk.ts';

export interface StepperProps {
  readonly walk: readonly WalkStep[];
  readonly step: number;
  /** It goes on: at the end one looks at what happens now. */
  readonly isLive: boolean;
  readonly onStep: (step: number) => void;
}

/** Goes through the way that was taken, back and forth: by buttons, by the slider, by its arrow keys. */
export function Stepper({ walk, step, isLive, onStep }: StepperProps) {
  const id = useId();
  const last = walk.length - 1;
  if (last < 1) return null;
  const shown = walk[step];
  const sinceMs = (shown?.atMs ?? 0) - (walk[0]?.atMs ?? 0);
  const words = `step ${step + 1} of ${walk.length}, ${shown?.name ?? ''}, after ${shortDuration(sinceMs)}`;
  return (
    <div class="chart-stepper">
      <button type="button" disabled={step === 0} onClick={() => onStep(0)} aria-label="First step">
        «
      </button>
      <button type="button" disabled={step === 0} onClick={() => onStep(step - 1)} aria-label="Step back">
        ‹
      </button>
      <label class="chart-hidden" for={id}>
        Step on the way
      </label>
      <input
        id={id}
        type="range"
        min={0}
        max={last}
        value={step}
        aria-valuetext={words}
        onInput={(event) => onStep(Number(event.currentTarget.value))}
      />
      <button type="button" disabled={step === last} onClick={() => onStep(step + 1)} aria-label="Step forth">
        ›
      </button>
      <button
        type="button"
        disabled={step === last}
        onClick={() => onStep(last)}
        aria-label={isLive ? 'Now' : 'Last step'}
      >
        {isLive ? 'Now' : '»'}
      </button>
      <output class="chart-step-text" for={id}>
        {words}
      </output>
    </div>
  );
}
