/** Instead of what a history would tell. */
export const NO_HISTORY = 'This daemon keeps no history of its jobs: PERRY_HISTORY_JOBS is 0.';

/** Instead of what the daemon was asked for. */
export const NO_ANSWER = 'The daemon does not answer; it is asked again as soon as it is there.';
