const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;

export interface AlarmKind {
  /** One sentence for the table in `alarms.md`. */
  readonly meaning: string;
  /** When it is told: what passes sooner is nobody's concern. */
  readonly raiseAfterMs: number;
  /** What comes back sooner was never over. */
  readonly clearAfterMs: number;
  readonly nextStep: string;
}

/** Everything that the operator is told of by itself; `npm run diagrams` writes the table. */
export const alarmKinds = {
  'hub-refused': {
    meaning: 'The hub refuses the worker secret.',
    raiseAfterMs: 20 * SECOND_MS,
    clearAfterMs: 2 * MINUTE_MS,
    nextStep: "Set PERRY_HUB_WORKER_SECRET to the hub's own secret, and start the worker again.",
  },
  'hub-away': {
    meaning: 'There has been no link to the hub for five minutes.',
    raiseAfterMs: 5 * MINUTE_MS,
    clearAfterMs: MINUTE_MS,
    nextStep: 'Run "perry-ship doctor": it says whether the hub can be reached from this host.',
  },
  'worker-unable': {
    meaning: 'Every job would fail here, so that none is taken.',
    raiseAfterMs: 20 * SECOND_MS,
    clearAfterMs: MINUTE_MS,
    nextStep: 'Do what the notice says; jobs are taken again by themselves when it is over.',
  },
  'machines-unlisted': {
    meaning: 'The driver cannot list its machines, so that no jobs are taken.',
    raiseAfterMs: MINUTE_MS,
    clearAfterMs: MINUTE_MS,
    nextStep: 'Run "perry-ship doctor", and read the log of the worker.',
  },
  'machines-leaked': {
    meaning: 'Machines could not be deleted for two minutes; they are tried again.',
    raiseAfterMs: 2 * MINUTE_MS,
    clearAfterMs: MINUTE_MS,
    nextStep: 'Delete them by hand with the tool of the driver, or start the host again.',
  },
  'slots-quarantined': {
    meaning: 'The host refused machines that it should run; fewer jobs run at the same time.',
    raiseAfterMs: 20 * SECOND_MS,
    clearAfterMs: 5 * MINUTE_MS,
    nextStep: 'Look for other virtual machines on this host, and end them.',
  },
  'disk-low': {
    meaning: 'A disk that jobs need is nearly full.',
    raiseAfterMs: MINUTE_MS,
    clearAfterMs: 5 * MINUTE_MS,
    nextStep: 'Free space on it; "perry-ship image list" and "perry-ship doctor" show what takes it.',
  },
  'signatures-broken': {
    meaning: 'The account of signatures is not as it was left, or cannot be read or written.',
    raiseAfterMs: 0,
    clearAfterMs: 0,
    nextStep:
      'Run "perry-ship audit verify", which says where. If the file was changed, keep a copy of it and of signatures.head, find out how that came about, and write it into the account with "perry-ship audit acknowledge", as "audit verify" shows; if it cannot be written, make room on its disk, or give the worker its folder back.',
  },
  'apple-unreachable': {
    meaning: "Apple's services have not answered several times in a row.",
    raiseAfterMs: 5 * MINUTE_MS,
    clearAfterMs: 2 * MINUTE_MS,
    nextStep:
      'Look at https://developer.apple.com/system-status/, and at the network of this host with "perry-ship doctor".',
  },
  'failure-rate': {
    meaning: 'Half of the last jobs, or more, failed for reasons that their senders cannot mend.',
    raiseAfterMs: 0,
    clearAfterMs: 10 * MINUTE_MS,
    nextStep: 'Run "perry-ship jobs --failed", and "perry-ship explain CODE" for what is named most often.',
  },
  'port-in-use': {
    meaning: 'The page or the metrics are not served, because their port cannot be used.',
    raiseAfterMs: 20 * SECOND_MS,
    clearAfterMs: 0,
    nextStep:
      'End the program that has it, which "perry-ship doctor" names where it can, or set another port and start the worker again.',
  },
  'credential-expiring': {
    meaning: 'A certificate or a profile that jobs sign with expires within two weeks.',
    raiseAfterMs: 0,
    clearAfterMs: 0,
    nextStep: 'Tell the owner of the app to renew it in the Apple developer account.',
  },
} as const satisfies Record<string, AlarmKind>;

export type AlarmName = keyof typeof alarmKinds;

export const alarmNames = Object.keys(alarmKinds) as readonly AlarmName[];
