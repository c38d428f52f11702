import { and } from 'xstate';
import type { Artifact, MadeBy } from '../contracts/job.ts';
import {
  artifactOf,
  deliveredPass,
  nextStaple,
  notarizedPass,
  type SignJobContext,
  staplesOf,
  unrecordedPass,
} from './context.ts';
import type { RecordInput } from './ports.ts';
import { signJobSetup } from './setup.ts';
import { faulted, inGuest, late, MACHINE_NOT_NEEDED, stepAbout } from './transitions.ts';

/** Of the artifact of a pass. */
const recordOf = (passOf: (context: SignJobContext) => number) => {
  const guestStep = inGuest(stepAbout(passOf));
  return (scope: Parameters<typeof guestStep>[0]): RecordInput => {
    const { context } = scope;
    const pass = passOf(context);
    const hasTicketToCome = pass === notarizedPass(context) && nextStaple(context) !== undefined;
    return {
      ...guestStep(scope),
      jobId: context.jobId,
      image: context.vm.image,
      artifact: artifactOf(context, pass),
      madeBy: madeBy(context, pass),
      isDelivered: pass === deliveredPass(context) && !hasTicketToCome,
    };
  };
};

function madeBy(context: SignJobContext, pass: number): MadeBy {
  const { acceptedAs, recalledFor } = context;
  if (recalledFor === acceptedAs.length) return 'recalled';
  const stapled = staplesOf(context)[acceptedAs.length - 1];
  if (stapled === undefined || pass !== notarizedPass(context)) return 'packed';
  return stapled === 'app' ? 'packedAnew' : 'stapled';
}

const keepRecorded = {
  type: 'keepRecorded',
  params: ({ event }: { event: { output: Artifact } }) => event,
} as const;

export const recordingSignature = signJobSetup.createStateConfig({
  description:
    'What was signed is entered in the account of signatures before any of it leaves this host; without that nothing leaves.',
  invoke: {
    id: 'recordSignature',
    src: 'recordSignature',
    input: recordOf(({ pass }) => pass),
    onDone: [
      {
        guard: and(['isDeliveredNext', 'claimIsValid']),
        target: 'checkingWhileSending',
        actions: keepRecorded,
      },
      { target: 'checkingArtifact', actions: keepRecorded },
    ],
    onError: faulted,
  },
  after: { recordTimeout: late('entering the signature in the account') },
});

export const recordingChange = signJobSetup.createStateConfig({
  description:
    'The artifact is another file now, or was made before a restart: it is entered in the account of signatures as it is.',
  invoke: {
    id: 'recordChange',
    src: 'recordSignature',
    input: recordOf(unrecordedPass),
    onDone: { target: 'awaitingClaim', actions: keepRecorded },
    onError: faulted,
  },
  on: MACHINE_NOT_NEEDED,
  after: { recordTimeout: late('entering the artifact in the account of signatures') },
});
