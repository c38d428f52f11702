import type { Audience } from '../../machines/contracts/wording.ts';
import type { VmDriver } from '../adapters/vm/driver.ts';
import type { GuestToolchain } from '../adapters/xcode/guest-toolchain.ts';
import type { Asker, SignatureAccount } from '../audit/account.ts';
import type { Config } from '../config/load.ts';
import type { Redactor } from '../domain/redaction/index.ts';
import type { Toolchain } from '../domain/toolchain.ts';
import type { Journal } from '../journal/journal.ts';
import type { KeptArtifacts } from '../journal/kept-artifacts.ts';
import type { PauseMark } from '../journal/pause.ts';
import type { SubmissionJournal } from '../journal/submissions.ts';
import type { TakenJobs } from '../journal/taken-jobs.ts';
import type { Logger } from '../observability/logger.ts';
import type { DiskFacts } from '../obstacles/disks.ts';
import type { RunFolders, RunSettings } from './channel/run-setup.ts';
import type { Runs } from './host/runs.ts';
import type { WatchedGuests } from './host/watched-guest.ts';
import type { Limits } from './limits.ts';
import type { Vault } from './vault.ts';

/** Everything that the daemon's actors work with; made once at start, passed by argument. */
export interface Services {
  readonly config: Config;
  /** Who reads what the jobs say. */
  readonly audience: Audience;
  readonly limits: Limits;
  readonly logger: Logger;
  readonly redactor: Redactor;
  readonly vault: Vault;
  readonly driver: VmDriver;
  readonly toolchain: GuestToolchain;
  /** Connections into guests that this process has, or has handed over, by name of the machine. */
  readonly guests: WatchedGuests;
  /** The processes in which runs do their work. */
  readonly runs: Runs;
  /** Where a run finds its files and journals. */
  readonly foldersOf: (runId: string) => RunFolders;
  readonly journal: Journal;
  /** What the hub has given to this worker and not heard the result of. */
  readonly takenJobs: TakenJobs;
  readonly pauseMark: PauseMark;
  /** The disks that jobs need, as they are now; of one that does not answer, as it was last. */
  readonly disks: () => Promise<readonly DiskFacts[]>;
  /** What was signed, on the disk before any of it leaves. */
  readonly signatures: SignatureAccount;
  /** Who asks for signatures here. */
  readonly asker: Asker;
  /** What was submitted for notarization. */
  readonly submissions: SubmissionJournal;
  /** What is on its way through the notary service. */
  readonly keptArtifacts: KeptArtifacts;
}

/** What the steps of one run work with, in the process of that run alone. */
export interface RunServices {
  readonly config: RunSettings;
  readonly audience: Audience;
  /** Hides what is secret about the run in everything that leaves its process. */
  readonly redactor: Pick<Redactor, 'add'>;
  readonly log: (text: string, facts: Readonly<Record<string, string | number>>) => void;
  /** What the machines can do for certain, if that is known. */
  readonly toolchain: Toolchain | undefined;
  readonly journal: Pick<Journal, 'recordUpload' | 'findUpload'>;
  readonly submissions: SubmissionJournal;
  readonly keptArtifacts: Pick<KeptArtifacts, 'keep' | 'takeOut'>;
}
