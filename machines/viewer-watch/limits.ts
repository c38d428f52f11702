/** Times of one viewer of a WebSocket, in milliseconds. */
export const viewerWatchLimits = {
  /** A place that nobody uses is free again within half a minute, for four bytes a viewer meanwhile. */
  pingPause: 15_000,
  /** A viewer answers at once; one that has much to read first, or a machine that sleeps, takes a while. */
  patience: 15_000,
} as const;
