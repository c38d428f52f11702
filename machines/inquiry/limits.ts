/** Deadlines and pauses of one inquiry, in milliseconds. */
export const inquiryLimits = {
  /** The largest bundle that is signed, from a slow disk. */
  answerTimeout: 1_800_000,
  /** Between two looks at the memory of the process. */
  measurePause: 1_000,
  measureTimeout: 5_000,
} as const;
