import { assign, emit, setup, stateIn } from 'xstate';
import { pageFeedLimits } from './limits.ts';

/** It is time to tell all viewers what has changed. */
export interface PageFeedNote {
  readonly type: 'page.due';
}

/**
 * When the viewers of the page are told what has changed.
 *
 * Promises: at most once in a beat, however much happens; only when something has, or when a look is due, so that a viewer
 * hears that the daemon lives; never while nobody watches; the first viewer at once.
 */
export const pageFeedMachine = setup({
  types: {
    context: {} as { readonly viewers: number },
    events: {} as { type: 'viewer.joined' } | { type: 'viewer.left' } | { type: 'feed.changed' },
    emitted: {} as PageFeedNote,
  },
  delays: pageFeedLimits,
  guards: {
    isLast: ({ context }) => context.viewers <= 1,
    hasMore: stateIn('#pageFeed.watched.resting.stale'),
  },
  actions: {
    addViewer: assign({ viewers: ({ context }) => context.viewers + 1 }),
    removeViewer: assign({ viewers: ({ context }) => Math.max(0, context.viewers - 1) }),
    tell: emit({ type: 'page.due' }),
  },
}).createMachine({
  id: 'pageFeed',
  description: 'Says when the viewers of the page are told what has changed.',
  context: { viewers: 0 },
  initial: 'unwatched',
  states: {
    unwatched: {
      description: 'Nobody watches: nothing is told.',
      on: { 'viewer.joined': { target: 'watched', actions: ['addViewer', 'tell'] } },
    },
    watched: {
      description: 'Somebody has the page open.',
      initial: 'resting',
      on: {
        'viewer.joined': { actions: 'addViewer' },
        'viewer.left': [
          { guard: 'isLast', target: 'unwatched', actions: 'removeViewer' },
          { actions: 'removeViewer' },
        ],
      },
      states: {
        current: {
          description: 'The viewers know everything; what changes next is told at once.',
          on: { 'feed.changed': { target: 'resting', actions: 'tell' } },
          after: { lookAgain: { target: 'resting', actions: 'tell' } },
        },
        resting: {
          description: 'They were told a moment ago: what changes now waits for the next beat.',
          initial: 'fresh',
          states: {
            fresh: {
              description: 'Nothing has changed since.',
              on: { 'feed.changed': 'stale' },
            },
            stale: { description: 'Something has.' },
          },
          after: {
            beat: [
              { guard: 'hasMore', target: 'resting', reenter: true, actions: 'tell' },
              { target: 'current' },
            ],
          },
        },
      },
    },
  },
});
