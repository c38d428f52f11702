import { emit, setup } from 'xstate';
import { viewerWatchLimits } from './limits.ts';

/** It is time to ask the viewer whether it is there. */
export interface ViewerWatchNote {
  readonly type: 'ping.due';
}

/**
 * Whether somebody is still at the other end of a WebSocket: one that is held open for nothing takes the place of others.
 *
 * Promises: a viewer is asked again and again as long as it answers; it is given up when it has not answered in time,
 * and never sooner.
 */
export const viewerWatchMachine = setup({
  types: { events: {} as { type: 'viewer.answered' }, emitted: {} as ViewerWatchNote },
  delays: viewerWatchLimits,
  actions: { ping: emit({ type: 'ping.due' }) },
}).createMachine({
  id: 'viewerWatch',
  description: 'Whether somebody is still at the other end of a WebSocket.',
  initial: 'there',
  states: {
    there: {
      description: 'It has just come, or has answered.',
      after: { pingPause: { target: 'asked', actions: 'ping' } },
    },
    asked: {
      description: 'It was asked, and has to answer.',
      on: { 'viewer.answered': 'there' },
      after: { patience: 'silent' },
    },
    silent: { type: 'final', description: 'It did not answer: its place is for others.' },
  },
});
