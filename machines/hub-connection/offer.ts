import { hubConnectionSetup } from './setup.ts';

/** Somebody waits for jobs to come again: not as patiently as for another number of slots. */
export const offersAgain = [
  { guard: 'saidNothing', target: '#hubConnection.linked.reoffering', actions: 'offerJobs' },
  { actions: 'offerJobs' },
] as const;

/**
 * Region of `online`: whether the hub counts with as many jobs at the same time as there are slots. It hears of another
 * number in a hello alone, and takes a second hello on one link for nothing: the link is made anew.
 */
export const offering = hubConnectionSetup.createStateConfig({
  description: 'Whether the hub counts with as many slots as there are.',
  initial: 'young',
  states: {
    young: {
      description: 'Greeted a while ago at most: not so soon again, and later each time.',
      after: { offerPause: 'settled' },
    },
    settled: {
      description: 'The hub counts with as many slots as there are, or nearly so.',
      always: { guard: 'offerIsWrong', target: 'outdated' },
      after: { offerCalm: { target: 'settled', reenter: true, actions: 'forgetReoffers' } },
    },
    outdated: {
      description:
        'The hub is greeted anew as soon as it would take back no job of ours; for more slots, or none, it does not wait long.',
      always: [
        { guard: 'offerIsRight', target: 'settled' },
        { guard: 'nothingToTakeBack', target: '#hubConnection.linked.reoffering' },
      ],
      after: {
        offerPatience: [
          { guard: 'offerIsUrgent', target: '#hubConnection.linked.reoffering' },
          { target: 'outdated', reenter: true },
        ],
      },
    },
  },
});
