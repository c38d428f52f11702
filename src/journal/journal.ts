import { join } from 'node:path';
import { forgetOld, recordsIn } from './records.ts';

/** The newest upload to App Store Connect that was reserved for a build. */
export interface RecordedUpload {
  readonly uploadId: string;
  /** When the first one was reserved; NaN when that cannot be read. */
  readonly begunAtMs: number;
}

/**
 * What this installation has begun outside of itself, written before it is begun and struck out when it is over:
 * after a restart the daemon finds here what the previous process left. Holds names and ids, never a secret.
 */
export interface Journal {
  /** A clone of this name is about to be made. */
  machineBegins(name: string): Promise<void>;
  machineIsGone(name: string): Promise<void>;
  /** Machines that were begun and are not known to be gone. */
  openMachines(): Promise<readonly string[]>;
  /** App Store Connect has reserved an upload for this build; the key is made of letters and digits. */
  recordUpload(buildKey: string, uploadId: string): Promise<void>;
  /** The upload that an earlier run began for the same build. */
  findUpload(buildKey: string): Promise<RecordedUpload | undefined>;
}

export function openJournal(stateDir: string): Journal {
  const machines = recordsIn(join(stateDir, 'journal', 'machines'));
  const uploads = recordsIn(join(stateDir, 'journal', 'uploads'));
  return {
    machineBegins: (name) => machines.put(name, { begunAt: new Date().toISOString() }),
    machineIsGone: (name) => machines.remove(name),
    openMachines: () => machines.keys(),
    recordUpload: async (buildKey, uploadId) => {
      const recordedAt = new Date().toISOString();
      const { begunAt = recordedAt } = (await uploads.get(buildKey)) ?? {};
      await uploads.put(buildKey, { uploadId, recordedAt, begunAt });
      await forgetOld(uploads).catch(() => {});
    },
    findUpload: async (buildKey) => {
      const { uploadId, begunAt } = (await uploads.get(buildKey)) ?? {};
      if (typeof uploadId !== 'string') return undefined;
      return { uploadId, begunAtMs: Date.parse(String(begunAt)) };
    },
  };
}
