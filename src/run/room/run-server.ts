import type { AdmittedJob } from '../../../machines/contracts/job.ts';
import type { TakenFile } from '../../../machines/lone-file/machine.ts';
import { secretsIn } from '../../domain/credentials/index.ts';
import { createRedactor } from '../../domain/redaction/index.ts';
import { makeFolder } from '../../files/disk/make-folder.ts';
import { openJournal } from '../../journal/journal.ts';
import { keptArtifactsIn } from '../../journal/kept-artifacts.ts';
import { fileJournal } from '../../journal/submissions.ts';
import type { FromRun, ToRun } from '../channel/messages.ts';
import type { FileSetup, GuestAccess, RunSetup } from '../channel/run-setup.ts';
import type { RunServices } from '../services.ts';
import { type Call, CallServer } from './call-server.ts';
import { openFileRoom } from './file-room.ts';
import { redactTexts } from './redact-texts.ts';
import { connectGuest, openRoom, type RunRoom } from './run-room.ts';
import type { StepContext, StepTable } from './step-table.ts';

export interface RunServerOptions {
  readonly say: (message: FromRun) => void;
  /** The effects of a run; they differ by where its bundle comes from. */
  readonly stepsFor: (setup: RunSetup | FileSetup) => StepTable;
}

type AnyStep = (room: RunRoom, input: unknown, context: StepContext) => Promise<unknown>;

/** The run's side of the channel: does what its run asks for. Holds one run in its life. */
export class RunServer {
  readonly #options: RunServerOptions;
  readonly #redactor = createRedactor();
  readonly #calls = new CallServer({
    say: (message) => this.#say(message),
    answer: (call, signal) => this.#answer(call, signal),
  });
  readonly #tokens = new Set<string>();
  #room: RunRoom | undefined;
  #steps: StepTable | undefined;

  constructor(options: RunServerOptions) {
    this.#options = options;
  }

  /** Hides what is secret about the run. */
  redact(text: string): string {
    return this.#redactor.ofWorker(text);
  }

  /** What it works on, once it has a run. */
  get room(): RunRoom | undefined {
    return this.#room;
  }

  hear(message: ToRun): void {
    this.#calls.hear(message);
  }

  async #answer({ id, port, input }: Call, signal: AbortSignal): Promise<unknown> {
    if (port === 'beginRun') return this.#begin(input as RunSetup);
    if (port === 'beginFile') return this.#beginFile(input as FileSetup, signal);
    const [room, steps] = [this.#room, this.#steps];
    if (!room || !steps) throw new Error(`${port} was asked before there was a run`);
    if (port === 'connectGuest')
      return connectGuest(room, input as GuestAccess, signal, (reason) =>
        this.#say({ type: 'guestLost', reason }),
      );
    this.#heedToken(input);
    const step = steps[port as keyof StepTable] as AnyStep | undefined;
    if (!step) throw new Error(`there is no port ${port}`);
    return step(room, input, { signal, tell: (report) => this.#say({ type: 'reported', id, report }) });
  }

  async #begin(setup: RunSetup): Promise<AdmittedJob> {
    this.#redactor.add('run', [setup.authToken, ...secretsIn(setup.credentials)]);
    await makeFolder(setup.folders.run, 0o700);
    this.#steps = this.#options.stepsFor(setup);
    const { room, job } = openRoom(setup, this.#servicesFor(setup));
    this.#room = room;
    return job;
  }

  async #beginFile(setup: FileSetup, signal: AbortSignal): Promise<TakenFile> {
    this.#redactor.add('run', secretsIn(setup.credentials));
    await makeFolder(setup.folders.run, 0o700);
    this.#steps = this.#options.stepsFor(setup);
    const services = this.#servicesFor({ ...setup, toolchain: null });
    const { room, taken } = await openFileRoom(setup, services, signal);
    this.#room = room;
    return taken;
  }

  #servicesFor({
    settings,
    audience,
    toolchain,
    folders,
  }: Pick<RunSetup, 'settings' | 'audience' | 'toolchain' | 'folders'>): RunServices {
    return {
      config: settings,
      audience,
      redactor: { add: (owner, secrets) => this.#redactor.add(owner, secrets) },
      log: (text, facts) => this.#say({ type: 'logged', level: 'warn', text, facts: { ...facts } }),
      toolchain: toolchain ?? undefined,
      journal: openJournal(folders.journal),
      submissions: fileJournal(folders.journal),
      keptArtifacts: keptArtifactsIn(folders.kept),
    };
  }

  /** The hub may give a job to us once more, under another token. */
  #heedToken(input: unknown): void {
    const token = (input as { claim?: { authToken: string } | null } | null)?.claim?.authToken;
    if (token === undefined || this.#tokens.has(token)) return;
    this.#tokens.add(token);
    this.#redactor.add(`token ${this.#tokens.size}`, [token]);
  }

  #say(message: FromRun): void {
    this.#options.say(redactTexts(message, (text) => this.redact(text)) as FromRun);
  }
}
