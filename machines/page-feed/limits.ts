/** Times of what the page is told, in milliseconds. */
export const pageFeedLimits = {
  /** Four times a second looks like at once, and a browser has time to draw. */
  beat: 250,
  /** What changes without an event, e.g. the free space of the disk, is looked at this often. */
  lookAgain: 5_000,
} as const;
