import type { ServiceFlags, ServiceHost } from './host.ts';

/** What keeps the daemon running: launchd or systemd. Each of these may throw what its own functions throw. */
export interface ServiceManager {
  readonly plan: (flags: ServiceFlags, host: ServiceHost) => Promise<Definition>;
  readonly install: (flags: ServiceFlags, host: ServiceHost) => Promise<Installed>;
  readonly uninstall: (flags: ServiceFlags, host: ServiceHost) => Promise<'removed' | 'ending' | 'absent'>;
  readonly state: (flags: ServiceFlags, host: ServiceHost) => Promise<KnownService | undefined>;
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
  readonly facts: Readonly<Record<string, unknown>>;
  /** For a person: names and values. */
  readonly lines: readonly (readonly [name: string, value: string])[];
}
