/** What the process of one run may take; durations in milliseconds. Overridden by configuration. */
export const runProcessLimits = {
  /** Of JavaScript objects, as V8 counts them. A job works on streams: its size is no part of it. */
  heapMib: 512,
  /** Everything, decoded pictures and buffers included. */
  residentMib: 1_024,
  /** A step that was told to stop does so within the time of its longest call into the system. */
  abortGraceMs: 30_000,
  /** Of one message; the longest ones are lists of findings. */
  messageBytes: 1024 * 1024,
  /** Many times what a busy run says. */
  messagesPerSecond: 500,
  bytesPerSecond: 8 * 1024 * 1024,
} as const;

export type RunProcessLimits = Readonly<Record<keyof typeof runProcessLimits, number>>;
