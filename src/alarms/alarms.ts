import { createActor, fromPromise, type InspectionEvent } from 'xstate';
import { alarmMachine } from '../../machines/alarm/machine.ts';
import { alarmDeliveryLimits } from '../../machines/alarm-delivery/limits.ts';
import { alarmDeliveryMachine, type Delivery } from '../../machines/alarm-delivery/machine.ts';
import { alarmWatchLimits } from '../../machines/alarm-watch/limits.ts';
import { alarmWatchMachine } from '../../machines/alarm-watch/machine.ts';
import type {
  AlarmChannel,
  AlarmFinding,
  AlarmNotice,
  AlarmStanding,
} from '../../machines/contracts/alarm.ts';
import type { JobRecord } from '../history/record.ts';
import type { Logger } from '../observability/logger.ts';
import type { AlarmStatus, DaemonStatus } from '../observability/status.ts';
import type { DiskFacts } from '../obstacles/disks.ts';
import { AppleAnswers } from './apple-answers.ts';
import { alarmKinds } from './catalogue.ts';
import { judge } from './conditions.ts';
import { type AlertConfig, channelsOf, deliver } from './deliver.ts';
import { Expiries } from './expiries.ts';
import { LastOutcomes } from './last-outcomes.ts';
import { raisedFileIn } from './raised-file.ts';

/** Take the place of the built-in ones, in milliseconds; `raiseAfter` and `clearAfter` of those of every alarm. */
export type AlarmLimits = Partial<Record<'lookPause' | 'retryPause' | 'raiseAfter' | 'clearAfter', number>>;

export interface AlarmOptions {
  readonly config: AlertConfig & { readonly stateDir: string };
  readonly logger: Logger;
  readonly status: () => DaemonStatus;
  readonly disks: () => Promise<readonly DiskFacts[]>;
  /** The last jobs of the processes before this one, newest first. */
  readonly lastJobs: () => readonly JobRecord[];
  readonly limits?: AlarmLimits | undefined;
}

export interface Alarms {
  /** What is raised now. */
  readonly raised: () => readonly AlarmStatus[];
  /** For `inspect` of the actor system. */
  readonly observe: (inspected: InspectionEvent) => void;
  readonly jobFinished: (record: JobRecord) => void;
  /** Told of each notice. @returns tells it no more */
  readonly onTold: (listener: (notice: AlarmNotice) => void) => () => void;
  /** When it has written down what is raised. */
  readonly stop: () => Promise<void>;
}

/** Looks at the daemon, and tells the operator: in the log, in the status, by command and webhook. */
export async function startAlarms(options: AlarmOptions): Promise<Alarms> {
  const { config, logger, status, disks, lastJobs, limits = {} } = options;
  const file = raisedFileIn(config.stateDir, (place) => logger.error({ place }, MOVED));
  const before = await file.read();
  const [apple, expiries] = [new AppleAnswers(), new Expiries(before.expiring)];
  const outcomes = new LastOutcomes(lastJobs());
  let { raised, undelivered } = before;
  const remember = () => {
    const memory = { raised, undelivered, expiring: expiries.expiring(Date.now()) };
    file.write(memory).catch((error: unknown) => logger.error({ err: error }, NOT_REMEMBERED));
  };
  const lookAround = async (): Promise<readonly AlarmFinding[]> => {
    const nowMs = Date.now();
    remember();
    return judge({
      ...{ nowMs, status: status(), disks: await disks() },
      outcomes: outcomes.facts(nowMs),
      apple: apple.facts(nowMs),
      expiring: expiries.facts(nowMs),
    });
  };
  const watch = createActor(provided(config, limits, lookAround), {
    input: { alarms: patienceOf(limits), before: raised, undelivered, channels: channelsOf(config) },
  });
  watch.on('told', ({ notice }) => logNotice(logger, notice));
  watch.on('memory', (memory) => {
    ({ raised, undelivered } = memory);
    remember();
  });
  watch.on('delivery', ({ delivery }) => logDelivery(logger, delivery));
  watch.on('blind', ({ failure }) =>
    logger.warn({ code: failure?.code }, 'the daemon could not look at itself'),
  );
  watch.start();
  return {
    raised: () => watch.getSnapshot().context.raised.map(statusOfAlarm),
    observe: (inspected) => {
      apple.observe(inspected);
      expiries.observe(inspected);
    },
    jobFinished: (record) => outcomes.add(record, Date.now()),
    onTold: (listener) => {
      const { unsubscribe } = watch.on('told', ({ notice }) => listener(notice));
      return unsubscribe;
    },
    stop: async () => {
      watch.stop();
      remember();
      await file.settled();
    },
  };
}

const MOVED =
  'It could not be read which alarms the process before this one had told: the file was moved aside.';
const NOT_REMEMBERED =
  'It was not written down which alarms are raised: after a restart they are told again.';

function provided(
  config: AlertConfig,
  { lookPause, retryPause }: AlarmLimits,
  lookAround: () => Promise<readonly AlarmFinding[]>,
) {
  const alarmDelivery = alarmDeliveryMachine.provide({
    delays: { ...alarmDeliveryLimits, ...(retryPause !== undefined && { retryPause }) },
    actors: {
      deliverNotice: fromPromise<void, { channel: AlarmChannel; notice: AlarmNotice }>(({ input, signal }) =>
        deliver(config, input.channel, input.notice, signal),
      ),
    },
  });
  return alarmWatchMachine.provide({
    delays: { ...alarmWatchLimits, ...(lookPause !== undefined && { lookPause }) },
    actors: {
      alarm: alarmMachine,
      alarmDelivery,
      lookAround: fromPromise<readonly AlarmFinding[], void>(lookAround),
    },
  });
}

const patienceOf = ({ raiseAfter, clearAfter }: AlarmLimits) =>
  Object.entries(alarmKinds).map(([alarm, { raiseAfterMs, clearAfterMs }]) => ({
    alarm,
    raiseAfterMs: raiseAfter ?? raiseAfterMs,
    clearAfterMs: clearAfter ?? clearAfterMs,
  }));

const statusOfAlarm = ({ alarm, sinceMs, said }: AlarmStanding): AlarmStatus => ({
  ...{ alarm, sinceMs, summary: said.summary, reason: said.reason, nextStep: said.nextStep },
});

const HOW = { raised: '', repeated: ', still', changed: ', changed', test: '' } as const;

function logNotice(logger: Logger, { event, alarm, sinceMs, said, isRepeated }: AlarmNotice): void {
  const facts = { alarm, since: new Date(sinceMs).toISOString() };
  if (event === 'over') return logger.info(facts, `alarm over: ${said.summary}`);
  const { summary, reason, nextStep } = said;
  logger.error(facts, `alarm${HOW[isRepeated ? 'repeated' : event]}: ${summary} ${reason} ${nextStep}`);
}

function logDelivery(logger: Logger, { channel, notice, attempts, failure, isTriedAgain }: Delivery): void {
  const facts = { channel, alarm: notice.alarm, event: notice.event, attempts };
  if (failure === null) return logger.info(facts, 'the operator was told of an alarm');
  const { summary, reason } = failure;
  logger[isTriedAgain ? 'warn' : 'error'](
    { ...facts, code: failure.code },
    `${summary} ${reason} ${isTriedAgain ? 'It is tried again.' : 'It is given up.'}`,
  );
}
