/** What the API of the controller (Orchard 0.55.0) speaks of, as its JSON has it. */
export type Role = 'compute:read' | 'compute:write' | 'compute:connect' | 'admin:read' | 'admin:write';

export interface Account {
  readonly name: string;
  readonly token: string;
  readonly roles: readonly Role[];
}

/** `failed` is where every machine ends; there is no word for one that has ended well. */
export type VmStatus = 'pending' | 'running' | 'failed';

export interface Vm {
  readonly name: string;
  readonly uid: string;
  readonly image: string;
  readonly resources: Readonly<Record<string, number>>;
  readonly labels?: Readonly<Record<string, string>>;
  readonly arch: string;
  readonly runtime: string;
  readonly createdAt: string;
  readonly localName: string;
  readonly imagePullPolicy: string;
  status: VmStatus;
  status_message?: string;
  worker?: string;
  scheduled_at: string;
  started_at: string;
  conditions: { type: string; state: string }[];
  version: number;
  [field: string]: unknown;
}

export interface WorkerSpec {
  readonly name: string;
  readonly arch?: string;
  readonly runtime?: string;
  readonly resources?: Readonly<Record<string, number>>;
  readonly labels?: Readonly<Record<string, string>>;
}

/** Go's zero time, which is not left out. */
export const NO_TIME = '0001-01-01T00:00:00Z';
export const TART_VMS = 'org.cirruslabs.tart-vms';

/** An answer that is no success; most have no body. */
export class Refusal extends Error {
  readonly status: number;
  readonly text: string | undefined;
  constructor(status: number, text?: string) {
    super(`${status} ${text ?? ''}`);
    this.status = status;
    this.text = text;
  }
}
