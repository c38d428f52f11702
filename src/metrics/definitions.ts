import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

/** From a job that fails at once to one that waits for Apple for hours. */
const JOB_SECONDS = [1, 2.5, 5, 10, 20, 30, 60, 120, 300, 600, 1_200, 1_800, 3_600, 7_200];
/** From a machine that stands by to one that is pulled from a registry. */
const MACHINE_SECONDS = [0.1, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300, 600, 1_800];

const counter = <T extends string>(registry: Registry, name: string, help: string, labelNames: T[] = []) =>
  new Counter({ name: `perry_ship_${name}`, help, labelNames, registers: [registry] });
const gauge = <T extends string>(registry: Registry, name: string, help: string, labelNames: T[] = []) =>
  new Gauge({ name: `perry_ship_${name}`, help, labelNames, registers: [registry] });
const histogram = <T extends string>(
  registry: Registry,
  [name, help]: readonly [name: string, help: string],
  buckets: number[],
  labelNames: T[] = [],
) => new Histogram({ name: `perry_ship_${name}`, help, labelNames, buckets, registers: [registry] });

/** What jobs came to: counted when the result of each is known. */
export const jobMetrics = (registry: Registry) => ({
  jobs: counter(
    registry,
    'jobs_total',
    'Jobs by result, and by who must act where there was a failure: input, host, upstream or defect.',
    ['result', 'kind'],
  ),
  failures: counter(registry, 'job_failures_total', 'Jobs that did not succeed, by failure code.', ['code']),
  jobSeconds: histogram(
    registry,
    ['job_duration_seconds', 'From the arrival of an assignment to its result.'],
    JOB_SECONDS,
    ['result'],
  ),
  stageSeconds: histogram(
    registry,
    ['stage_duration_seconds', 'Time that jobs spent in a stage.'],
    JOB_SECONDS,
    ['stage'],
  ),
  slotWaits: histogram(registry, ['slot_wait_seconds', 'Time that jobs waited for a slot.'], MACHINE_SECONDS),
  machineWaits: histogram(
    registry,
    ['machine_wait_seconds', 'Time that jobs waited for their machine with nothing else left to do.'],
    MACHINE_SECONDS,
  ),
  appleWaits: histogram(
    registry,
    ['apple_wait_seconds', 'Time that jobs waited for Apple to judge or to process; only jobs that did.'],
    JOB_SECONDS,
  ),
  retries: counter(
    registry,
    'retries_total',
    'Attempts of transfers and requests beyond the first one each.',
  ),
  bundleBytes: counter(registry, 'bundle_bytes_total', 'Bytes of the bundles that came, unpacked.'),
  artifactBytes: counter(registry, 'artifact_bytes_total', 'Bytes of the artifacts that were made.'),
});

/** What happens on the way, counted as it happens. */
export const eventMetrics = (registry: Registry) => ({
  assignments: counter(registry, 'assignments_total', 'Jobs that the hub handed out to this worker.'),
  linksUp: counter(registry, 'hub_connects_total', 'Times that the link to the hub came up.'),
  linksLost: counter(registry, 'hub_disconnects_total', 'Times that a link to the hub that was up was lost.'),
  refusals: counter(registry, 'hub_refusals_total', 'Times that the hub refused the worker secret.'),
  poolAnswers: counter(
    registry,
    'pool_answers_total',
    'Requests for a standby machine; `none`: the job makes its own.',
    ['answer'],
  ),
  poolWaits: histogram(
    registry,
    ['pool_wait_seconds', 'Time until the pool answered a job that asked for a machine.'],
    MACHINE_SECONDS,
  ),
  machineStarts: histogram(
    registry,
    ['machine_start_seconds', 'From the clone of a machine to a guest that answers.'],
    MACHINE_SECONDS,
  ),
  machinesEnded: counter(registry, 'machines_ended_total', 'Machines by how they ended.', ['outcome']),
  stepFailures: counter(
    registry,
    'step_failures_total',
    'Attempts that failed, those that were made again included, by failure code.',
    ['code'],
  ),
});

/** How things stand, read when they are asked for. */
export const standingMetrics = (registry: Registry) => ({
  build: gauge(registry, 'build_info', 'Always 1; what runs is in the labels.', [
    'version',
    'node',
    'driver',
  ]),
  ready: gauge(
    registry,
    'ready',
    '1 when jobs are taken, and can succeed as far as is known here; as /readyz says.',
  ),
  link: gauge(registry, 'hub_link', '1 for the state in which the link to the hub is.', ['state']),
  work: gauge(registry, 'work', '1 for what the worker does with new jobs.', ['state']),
  jobsNow: gauge(registry, 'jobs', 'Jobs that are here, by phase.', ['phase']),
  slots: gauge(registry, 'slots', 'Jobs that may run at the same time.'),
  slotsUsed: gauge(registry, 'slots_used', 'Slots that jobs hold.'),
  slotsQuarantined: gauge(
    registry,
    'slots_quarantined',
    'Slots for which the host refused a machine, out of service for some minutes.',
  ),
  machines: gauge(registry, 'machines', 'Machines by state, of jobs and of the pool.', ['owner', 'state']),
  leaked: gauge(registry, 'machines_leaked', 'Machines that could not be deleted; they are tried again.'),
  failingHosts: gauge(
    registry,
    'failing_hosts',
    'Macs of a cluster that did not bring machines to run of late.',
  ),
});

/** What the operator is told by itself. */
export const alarmMetrics = (registry: Registry) => ({
  now: gauge(registry, 'alarms', '1 for an alarm that is raised.', ['alarm']),
  times: counter(registry, 'alarms_raised_total', 'Times that an alarm was raised.', ['alarm']),
});
