import type { RunMemory } from '../../config/load.ts';
import { defaultRunHeapMb, defaultRunMemoryMb } from '../../config/settings.ts';

/** What the process of one run may take; durations in milliseconds. Overridden by configuration. */
export const runProcessLimits = {
  heapMib: defaultRunHeapMb,
  residentMib: defaultRunMemoryMb,
  /** A step that was told to stop does so within the time of its longest call into the system. */
  abortGraceMs: 30_000,
  /** Of one message; the longest ones are lists of findings. */
  messageBytes: 1024 * 1024,
  /** Many times what a busy run says. */
  messagesPerSecond: 500,
  bytesPerSecond: 8 * 1024 * 1024,
} as const;

export type RunProcessLimits = Readonly<Record<keyof typeof runProcessLimits, number>>;

/** As the settings say. */
export const runLimitsOf = ({ runHeapMb, runMemoryMb }: RunMemory): RunProcessLimits => ({
  ...runProcessLimits,
  heapMib: runHeapMb,
  residentMib: runMemoryMb,
});
