import type { JobRecord, RecordedStage } from '../../history/record.ts';
import { Elapsed, Moment } from '../parts/time.tsx';
import { shortDuration } from '../words/format.ts';
import { stageWord } from '../words/jobs.ts';

interface StageLineProps {
  readonly record: JobRecord;
  readonly isRunning: boolean;
}

/** The stages of a job along the time that they took, and the same as a table. */
export function StageLine({ record, isRunning }: StageLineProps) {
  const { stages } = record;
  if (stages.length === 0) return null;
  const last = stages.length - 1;
  return (
    <section class="card" aria-labelledby="stages">
      <h2 id="stages">Stages</h2>
      <Bars stages={stages} />
      <table class="table">
        <thead>
          <tr>
            <th scope="col">Stage</th>
            <th scope="col">Began</th>
            <th scope="col">Took</th>
          </tr>
        </thead>
        <tbody>
          {stages.map((stage, index) => (
            <tr key={`${stage.stage} ${stage.startedAtMs}`}>
              <th scope="row">
                <span class={`dot stage-${index % 7}`} aria-hidden="true" />
                {stageWord(stage.stage)}
              </th>
              <td>
                <Moment atMs={stage.startedAtMs} />
              </td>
              <td class="number">
                {isRunning && index === last ? (
                  <Elapsed sinceMs={stage.startedAtMs} />
                ) : (
                  shortDuration(stage.durationMs)
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

const WIDTH = 1_000;
const HEIGHT = 28;
/** So that a short stage can be seen. */
const LEAST = 6;

/** A drawing of what the table says. */
function Bars({ stages }: { stages: readonly RecordedStage[] }) {
  const widths = widthsOf(stages);
  return (
    <svg class="bars" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
      {widths.map(({ key, x, width, index }) => (
        <rect key={key} class={`stage-${index % 7}`} x={x} y={0} width={width - 1} height={HEIGHT} />
      ))}
    </svg>
  );
}

function widthsOf(stages: readonly RecordedStage[]) {
  const whole = stages.reduce((sum, { durationMs }) => sum + durationMs, 0) || 1;
  const room = WIDTH - LEAST * stages.length;
  let x = 0;
  return stages.map(({ stage, startedAtMs, durationMs }, index) => {
    const width = LEAST + (durationMs / whole) * Math.max(0, room);
    const bar = { key: `${stage} ${startedAtMs}`, x, width, index };
    x += width;
    return bar;
  });
}
