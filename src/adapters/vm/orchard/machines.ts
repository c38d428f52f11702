import * as z from 'zod';
import type { ClusterMachineView } from '../../../../machines/contracts/cluster.ts';
import type { OrchardApi } from './api.ts';
import { answerNotUnderstood, notTaken, unanswered } from './failures.ts';
import { foreignText, workerName } from './foreign-text.ts';
import { FOR_ALL, readRows } from './occupancy.ts';
import type { OrchardDriverOptions } from './options.ts';
import { TART_VMS } from './workers.ts';

const MAX_TEXT = 500;

/** What we read of a machine (0.55.0); fields without a value are left out by the controller. */
const machine = z.object({
  name: z.string().max(MAX_TEXT),
  uid: z.string().min(1).max(MAX_TEXT),
  status: z.string().max(MAX_TEXT),
  status_message: foreignText(MAX_TEXT).optional(),
  worker: workerName.optional(),
});
type Machine = z.output<typeof machine>;

/** A machine of anybody's, of which nothing but the name is known yet. */
export type Row = Readonly<Record<string, unknown>>;
type Labels = Readonly<Record<string, string>>;

export interface OrchardMachines {
  /**
   * Makes a machine and begins to boot it: there is one request for both.
   *
   * @param labels - that its worker must have, beside those of the configuration
   * @returns its uid; null when the name is taken
   * @throws ShipError VM_CLONE_FAILED (the controller refuses) · as `OrchardApi.ask`
   */
  create(image: string, name: string, labels: Labels, signal: AbortSignal): Promise<string | null>;
  /**
   * How far it is, as the controller tells it after this was asked; one question serves all machines that are looked at
   * at about the same time.
   *
   * @param uid - a machine of another uid counts as none; null for any
   * @throws as `OrchardApi.ask` · CLUSTER_ANSWER_INVALID
   */
  look(name: string, uid: string | null, signal: AbortSignal): Promise<ClusterMachineView>;
  /** Its record is gone at once, the machine some seconds later; one that is gone is no error. */
  remove(name: string, signal: AbortSignal): Promise<void>;
  /** All machines of the cluster by name, whoever made them; asked for at once. */
  all(signal: AbortSignal): Promise<ReadonlyMap<string, Row>>;
  /** The same, asked for together with whoever looks at a machine at about the same time. */
  allShared(signal: AbortSignal): Promise<ReadonlyMap<string, Row>>;
}

export function orchardMachines(api: OrchardApi, options: OrchardDriverOptions): OrchardMachines {
  const pathOf = (name: string): string => `/vms/${encodeURIComponent(name)}`;
  const read = async (name: string, signal: AbortSignal): Promise<Machine | undefined> => {
    const what = 'The question how far a machine is';
    const { status, json } = await api.ask({
      what,
      method: 'GET',
      path: pathOf(name),
      judges: [404],
      signal,
    });
    return status === 404 ? undefined : understood(machine, json, what);
  };
  const all = async (signal: AbortSignal) => byName(await readRows(api, signal));
  const allShared = options.share(all);
  return {
    create: async (image, name, labels, signal) => {
      const what = 'The request for a machine';
      const json = wishOf(image, name, labels, options);
      const answer = await api.ask({
        what,
        method: 'POST',
        path: '/vms',
        json,
        judges: [400, 409, 412],
        signal,
      });
      if (answer.status === 409) return null;
      if (answer.status !== 200) throw notTaken(image, answer.status, answer.json);
      return understood(machine, answer.json, what).uid;
    },
    look: async (name, uid, signal) => {
      const row = (await allShared(signal)).get(name);
      // one that is missing in the list is given up only when the controller says so of it alone
      const found = row ? understood(machine, row, FOR_ALL) : await read(name, signal);
      return viewOf(found, uid);
    },
    remove: async (name, signal) => {
      const what = 'The request to remove a machine';
      const { status } = await api.ask({ what, method: 'DELETE', path: pathOf(name), judges: [404], signal });
      // one 404 may be anybody's answer, and a machine that stays takes its place for ever
      if (status === 404 && (await read(name, signal))) throw unanswered(what, undefined, status);
    },
    all,
    allShared,
  };
}

function understood<T>(schema: z.ZodType<T>, json: unknown, what: string): T {
  const { data, success } = schema.safeParse(json);
  if (success) return data;
  throw answerNotUnderstood(what);
}

/** What others have made may be of any form, as long as it has a name. */
function byName(rows: readonly unknown[]): ReadonlyMap<string, Row> {
  const named = rows.filter((row): row is Row => typeof (row as Row | null)?.name === 'string');
  return new Map(named.map((row) => [row.name as string, row]));
}

/** Everything that 0.55.0 takes and that differs from what it takes by itself; nothing in it is secret. */
function wishOf(image: string, name: string, more: Labels, options: OrchardDriverOptions): unknown {
  const { cpus, memoryMb, os, arch, runtime, ssh, guestNetwork } = options;
  return {
    ...{ name, image, os, arch, runtime, labels: { ...more, ...options.labels } },
    ...{ imagePullPolicy: 'IfNotPresent', headless: true, restart_policy: 'Never' },
    ...(cpus !== undefined && { cpu: cpus }),
    ...(memoryMb !== undefined && { memory: memoryMb }),
    // for scripts of the controller, which are not used; whoever may read machines sees them
    ...{ username: ssh.user, password: 'unused' },
    ...(runtime === 'tart' && { resources: { [TART_VMS]: 1 } }),
    ...(runtime === 'tart' &&
      guestNetwork === 'none' && { netSoftnetBlock: ['0.0.0.0/0'], netSoftnetAllow: ['@host'] }),
  };
}

function viewOf(found: Machine | undefined, uid: string | null): ClusterMachineView {
  if (!found || (uid !== null && found.uid !== uid))
    return { stage: 'gone', uid: null, worker: null, message: null };
  const { worker = null, status_message: message = null } = found;
  return { stage: stageOf(found), uid: found.uid, worker: worker === '' ? null : worker, message };
}

/** A worker (0.55.0) says that it clones in the sync after the one in which it began; one that is stuck never begins. */
function stageOf({ status, worker = '', status_message: said = '' }: Machine): ClusterMachineView['stage'] {
  if (status === 'failed' || status === 'running') return status;
  if (worker === '') return 'queued';
  return said === '' ? 'assigned' : 'cloning';
}
