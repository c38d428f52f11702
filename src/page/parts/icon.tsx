import type { Tone } from '../words/tone.ts';

/** Outlines of 16 by 16. */
const PATHS = {
  good: 'M8 1.5a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13ZM5 8.2l2.2 2.2L11.2 6',
  busy: 'M8 1.5a6.5 6.5 0 1 0 6.5 6.5M8 4.5V8l2.5 1.5',
  idle: 'M8 1.5a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13ZM5 8h6',
  warn: 'M8 1.8 14.8 13.8H1.2ZM8 6.2v3.4M8 11.4v.6',
  bad: 'M5.2 1.5h5.6l3.7 3.7v5.6l-3.7 3.7H5.2L1.5 10.8V5.2ZM5.8 5.8l4.4 4.4M10.2 5.8l-4.4 4.4',
  back: 'M9.5 3 4.5 8l5 5',
} as const;

export type IconName = keyof typeof PATHS;

/** Says nothing by itself: a word stands beside it. */
export const Icon = ({ name }: { name: IconName }) => (
  <svg class={`icon icon-${name}`} viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
    <path d={PATHS[name]} />
  </svg>
);

/** A word with its icon and colour. */
export const Status = ({ tone, word }: { tone: Tone; word: string }) => (
  <span class={`status tone-${tone}`}>
    <Icon name={tone} />
    <span>{word}</span>
  </span>
);
