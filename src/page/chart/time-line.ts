/** A stage of a job with its times. */
export interface StageTime {
  readonly stage: string;
  readonly startedAtMs: number;
  readonly durationMs: number;
}

/** What a time line is made of: a part of a job record. */
export interface Times {
  readonly startedAtMs: number;
  readonly durationMs: number;
  readonly endedAtMs: number | null;
  readonly result: string;
  readonly stages: readonly StageTime[];
  readonly path: readonly { readonly atMs: number; readonly state: string }[];
}

/** A part of the whole, from 0 to 1. */
export interface Span {
  readonly from: number;
  readonly length: number;
  readonly durationMs: number;
  readonly startedAtMs: number;
}

export interface TimeRow extends Span {
  readonly stage: string;
  /** Of others: nothing was done here meanwhile. */
  readonly waits: readonly (Span & { readonly what: string })[];
}

export interface TimeLine {
  readonly startMs: number;
  readonly lengthMs: number;
  readonly rows: readonly TimeRow[];
}

/** The states in which a job waits, and for what. */
export const WAITS: Readonly<Record<string, string>> = {
  waitingForSlot: 'for a slot',
  'running.awaitingProcess': 'for its process',
  'running.awaitingMachine': 'for its machine',
  'running.awaitingClaim': 'for the hub',
  'running.downloading.pausing': 'before another attempt',
  'running.downloading.awaitingClaim': 'for the hub',
  'running.delivering.pausing': 'before another attempt',
  'running.notarizing': 'for Apple',
  'running.publishing.sending': 'for Apple',
  'running.distributing': 'for Apple',
};

/** The time before the first stage, as if it were one. */
const QUEUE = 'waiting';

/** The stages of a job one below the other, each where it was in the whole, with the waits in it. */
export function timeLineOf(times: Times): TimeLine {
  const endMs = endOf(times);
  const startMs = Math.min(times.startedAtMs, ...times.path.map(({ atMs }) => atMs));
  const lengthMs = Math.max(1, endMs - startMs);
  const spanOf = (fromMs: number, toMs: number): Span => ({
    from: (fromMs - startMs) / lengthMs,
    length: Math.max(0, toMs - fromMs) / lengthMs,
    durationMs: Math.max(0, toMs - fromMs),
    startedAtMs: fromMs,
  });
  const waits = waitsOf(times, endMs);
  const stages = withQueue(times.stages, startMs);
  const rows = stages.map(({ stage, startedAtMs, durationMs }) => {
    const untilMs = startedAtMs + durationMs;
    const inside = waits.filter(({ fromMs, toMs }) => fromMs < untilMs && toMs > startedAtMs);
    return {
      stage,
      ...spanOf(startedAtMs, untilMs),
      waits: inside.map(({ what, fromMs, toMs }) => ({
        what,
        ...spanOf(Math.max(fromMs, startedAtMs), Math.min(toMs, untilMs)),
      })),
    };
  });
  return { startMs, lengthMs, rows };
}

const endOf = ({ startedAtMs, durationMs, endedAtMs, stages }: Times): number =>
  Math.max(
    endedAtMs ?? startedAtMs + durationMs,
    ...stages.map((stage) => stage.startedAtMs + stage.durationMs),
  );

/** From the arrival of the job to its first stage is a row as well. */
function withQueue(stages: readonly StageTime[], startMs: number): readonly StageTime[] {
  const [first] = stages;
  if (first === undefined || first.startedAtMs <= startMs) return stages;
  return [{ stage: QUEUE, startedAtMs: startMs, durationMs: first.startedAtMs - startMs }, ...stages];
}

/** What is over as soon as it has begun is no wait. */
const SHORTEST_WAIT_MS = 10;

/** How long the job was in each state in which it waits. */
const waitsOf = ({ path }: Times, endMs: number) =>
  path.flatMap(({ atMs, state }, index) => {
    const what = waitIn(state);
    const toMs = path[index + 1]?.atMs ?? endMs;
    return what === undefined || toMs - atMs < SHORTEST_WAIT_MS ? [] : [{ what, fromMs: atMs, toMs }];
  });

const waitIn = (state: string): string | undefined =>
  Object.hasOwn(WAITS, state) ? WAITS[state] : undefined;

/** What the job waited for in all, longest first. */
export function waitsInAll(times: Times): readonly { readonly what: string; readonly durationMs: number }[] {
  const sums = new Map<string, number>();
  for (const { what, fromMs, toMs } of waitsOf(times, endOf(times)))
    sums.set(what, (sums.get(what) ?? 0) + toMs - fromMs);
  return [...sums]
    .map(([what, durationMs]) => ({ what, durationMs }))
    .sort((one, other) => other.durationMs - one.durationMs);
}

/** The last step that had begun by a time. */
export function stepAt(walk: readonly { readonly atMs: number }[], atMs: number): number {
  const later = walk.findIndex((step) => step.atMs > atMs);
  return later === -1 ? walk.length - 1 : Math.max(0, later - 1);
}
