import type { Audience } from '../../machines/contracts/wording.ts';
import type { GuestSession } from '../adapters/guest/guest.ts';
import type { VmDriver } from '../adapters/vm/driver.ts';
import type { GuestToolchain } from '../adapters/xcode/guest-toolchain.ts';
import type { Config } from '../config/load.ts';
import type { Redactor } from '../domain/redaction/index.ts';
import type { Journal } from '../journal/journal.ts';
import type { KeptArtifacts } from '../journal/kept-artifacts.ts';
import type { SubmissionJournal } from '../journal/submissions.ts';
import type { TakenJobs } from '../journal/taken-jobs.ts';
import type { Logger } from '../observability/logger.ts';
import type { Limits } from './limits.ts';
import type { Vault } from './vault.ts';
import type { Workbench } from './workbench.ts';

/** Everything that the actors' effects work with; made once at start, passed by argument. */
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
  /** Open connections into guests, by name of the machine. */
  readonly guests: Map<string, GuestSession>;
  readonly workbench: Workbench;
  readonly journal: Journal;
  /** What the hub has given to this worker and not heard the result of. */
  readonly takenJobs: TakenJobs;
  /** What was submitted for notarization. */
  readonly submissions: SubmissionJournal;
  /** What is on its way through the notary service. */
  readonly keptArtifacts: KeptArtifacts;
}
