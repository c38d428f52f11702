import type { ServiceFlags, ServiceHost } from './host.ts';

/** What keeps the daemon running: launchd or systemd. Each of these may throw what its own functions throw. */
export interface ServiceManager {
  readonly plan: (flags: ServiceFlags, host: ServiceHost) => Promise<Definition>;
  readonly install: (flags: ServiceFlags, host: ServiceHost) => Promise<Installed>;
  readonly uninstall: (flags: ServiceFlags, host: ServiceHost) => Promise<'removed' | 'ending' | 'absent'>;
  readonly state: (flags: ServiceFlags, host: ServiceHost) => Promise<KnownService | undefined>;
  /** Starts one that is installed and does not run; for one that runs nothing is done. */
  readonly start: (flags: ServiceFlags, host: ServiceHost) => Promise<void>;
  /** Has it ended, and not started again before `start`; it may take its time. */
  readonly stop: (flags: ServiceFlags, host: ServiceHost) => Promise<void>;
  /** What `ending` means. */
  readonly ending: string;
}

export interface Definition {
  /** Of its text, for programs. */
  readonly name: 'plist' | 'unit';
  readonly text: string;
  readonly facts: Readonly<Record<string, unknown>>;
}

export interface Installed {
  /** `started`: it was installed, but had been drained. */
  readonly outcome: 'installed' | 'updated' | 'started' | 'unchanged';
  readonly path: string;
  readonly facts: Readonly<Record<string, unknown>>;
  /** What the operator has to know now. */
  readonly notes: string;
}

export interface KnownService {
  /** Of its process, while there is one. */
  readonly pid: number | null;
  /** Its last process ended with an error, and none runs now. */
  readonly hasFailed: boolean;
  readonly facts: Readonly<Record<string, unknown>>;
  /** For a person: names and values. */
  readonly lines: readonly (readonly [name: string, value: string])[];
}
