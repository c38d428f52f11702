/** A moment in the life of a daemon, as its log tells it: an actor has just come to stand in a state. */
export interface Moment {
  readonly actor: 'supervisor' | 'hub' | 'run' | 'vm';
  readonly state: string;
}

const moments = (actor: Moment['actor'], ...states: string[]): Moment[] =>
  states.map((state) => ({ actor, state }));

/** Before the one answer to the job is given. */
export const earlyMoments: readonly Moment[] = [
  ...moments('supervisor', 'sweeping', 'serving.work.accepting'),
  ...moments('hub', 'linked.connecting', 'linked.greeting', 'linked.online.delivery.flowing'),
  ...moments(
    'run',
    ...['admitting', 'waitingForSlot', 'running.downloading.attempting', 'running.inspecting'],
    ...['running.checkingCredentials', 'running.drawingIcons', 'running.mergingInfoPlist'],
    ...['running.compilingIcon', 'running.namingCatalog'],
    ...['running.embeddingProfile', 'running.awaitingMachine', 'running.transferring'],
    'running.enteringMachine.attempting',
    ...['running.codesigning', 'running.takingSignatures', 'running.verifyingSignature', 'running.packaging'],
    'running.recordingSignature',
    ...[
      'running.checkingWhileSending.check.reading',
      'running.checkingWhileSending.check.passed.awaitingAnswer',
    ],
    'running.delivering.attempting.awaitingAnswer',
  ),
  ...moments('run', 'running.downloading.pausing', 'running.delivering.pausing'),
  ...moments('vm', 'cloning', 'alive.booting', 'alive.locating.asking', 'alive.connecting.attempting'),
  ...moments('vm', 'alive.ready.serving'),
];

/** After it. */
export const lateMoments: readonly Moment[] = [
  ...moments('run', 'releasing', 'purging', 'succeeded'),
  ...moments('vm', 'alive.stopping', 'deleting.attempting', 'deleted'),
];

/** How many uploads the hub has to refuse for that moment to come: the first one is made while the artifact is checked. */
export const refusedUploads = ({ state }: Moment): number =>
  state.startsWith('running.delivering.attempting') ? 1 : state === 'running.delivering.pausing' ? 2 : 0;

export const nameOf = ({ actor, state }: Moment): string => `${actor}: ${state}`;

/** Every moment that one line of the log tells; none for most lines. */
export function momentsIn(line: string): Moment[] {
  const told = line.startsWith('{') ? (JSON.parse(line) as { actor?: string; state?: unknown }) : {};
  if (told.actor === undefined || told.state === undefined) return [];
  const actor = actorOf(told.actor);
  if (!actor) return [];
  return pathsIn(told.state).map((path) => ({ actor, state: path.replace(/^engaged\.work\./, '') }));
}

function actorOf(path: string): Moment['actor'] | undefined {
  if (path === 'supervisor') return 'supervisor';
  if (path === 'supervisor/hub') return 'hub';
  if (path.endsWith('/vm')) return 'vm';
  return path.startsWith('supervisor/run.') ? 'run' : undefined;
}

const pathsIn = (value: unknown): string[] =>
  typeof value === 'string'
    ? [value]
    : Object.entries(value as object).flatMap(([name, inner]) =>
        pathsIn(inner).map((path) => `${name}.${path}`),
      );
