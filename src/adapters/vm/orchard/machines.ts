import * as z from 'zod';
import type { ClusterMachineView } from '../../../../machines/contracts/cluster.ts';
import { ShipError } from '../../../errors.ts';
import type { OrchardApi } from './api.ts';
import { answerNotUnderstood, nameTaken, notTaken } from './failures.ts';
import type { OrchardDriverOptions } from './options.ts';
import { TART_VMS } from './workers.ts';

const MAX_TEXT = 500;
const text = z.string().transform((whole) => whole.slice(0, MAX_TEXT));

/** What we read of a machine (0.55.0); fields without a value are left out by the controller. */
const machine = z.object({
  name: z.string().max(MAX_TEXT),
  uid: z.string().min(1).max(MAX_TEXT),
  status: z.string().max(MAX_TEXT),
  status_message: text.optional(),
  worker: text.optional(),
});
type Machine = z.output<typeof machine>;

/** A machine of anybody's, of which nothing but the name is known yet. */
type Row = Readonly<Record<string, unknown>>;

export interface OrchardMachines {
  /**
   * Makes a machine and begins to boot it: there is one request for both. An answer that is lost is looked for.
   *
   * @returns its identity
   * @throws ShipError VM_CLONE_FAILED (the name is taken, or the controller refuses) · as `OrchardApi.ask`
   */
  create(image: string, name: string, signal: AbortSignal): Promise<string>;
  /**
   * How far it is, as the controller tells it after this was asked; one question serves all machines that are looked at
   * at about the same time.
   *
   * @throws as `OrchardApi.ask` · CLUSTER_ANSWER_INVALID
   */
  look(name: string, uid: string, signal: AbortSignal): Promise<ClusterMachineView>;
  /** Its record is gone at once, the machine some seconds later; one that is gone is no error. */
  remove(name: string, signal: AbortSignal): Promise<void>;
  /** Names of all machines of the cluster, whoever made them; asked for at once. */
  names(signal: AbortSignal): Promise<readonly string[]>;
}

export function orchardMachines(api: OrchardApi, options: OrchardDriverOptions): OrchardMachines {
  const pathOf = (name: string): string => `/vms/${encodeURIComponent(name)}`;
  const read = async (name: string, signal: AbortSignal): Promise<Machine | undefined> => {
    const what = 'The question how far a machine is';
    const { status, json } = await api.ask({ what, method: 'GET', path: pathOf(name), signal });
    return status === 404 ? undefined : understood(machine, json, what);
  };
  const all = async (signal: AbortSignal): Promise<ReadonlyMap<string, Row>> => {
    const what = 'The question for the machines';
    const { json } = await api.ask({ what, method: 'GET', path: '/vms', signal });
    return byName(json, what);
  };
  const allShared = options.share(all);
  const post = async (image: string, name: string, signal: AbortSignal): Promise<string> => {
    const what = 'The request for a machine';
    const json = wishOf(image, name, options);
    const answer = await api.ask({ what, method: 'POST', path: '/vms', json, signal });
    if (answer.status === 409) throw nameTaken(name);
    if (answer.status !== 200) throw notTaken(image, answer.status, answer.json);
    return understood(machine, answer.json, what).uid;
  };
  const afterDoubt = async (image: string, name: string, signal: AbortSignal): Promise<string> => {
    // the name is a random number that nobody else has: who has it is ours
    const found = await read(name, signal);
    if (found) return found.uid;
    return post(image, name, signal).catch(async (error) => {
      // the first request may have come in between
      const late = isCode(error, 'VM_CLONE_FAILED') ? await read(name, signal) : undefined;
      if (late) return late.uid;
      throw error;
    });
  };
  return {
    create: (image, name, signal) =>
      post(image, name, signal).catch((error) => {
        if (!isCode(error, 'CLUSTER_UNREACHABLE') && !isCode(error, 'CLUSTER_ANSWER_INVALID')) throw error;
        return afterDoubt(image, name, signal);
      }),
    look: async (name, uid, signal) => {
      const row = (await allShared(signal)).get(name);
      // one that is missing in the list is given up only when the controller says so of it alone
      const found = row
        ? understood(machine, row, 'The question for the machines')
        : await read(name, signal);
      return viewOf(found, uid);
    },
    remove: async (name, signal) => {
      await api.ask({
        what: 'The request to remove a machine',
        method: 'DELETE',
        path: pathOf(name),
        signal,
      });
    },
    names: async (signal) => [...(await all(signal)).keys()],
  };
}

const isCode = (error: unknown, code: string): boolean => error instanceof ShipError && error.code === code;

function understood<T>(schema: z.ZodType<T>, json: unknown, what: string): T {
  const { data, success } = schema.safeParse(json);
  if (success) return data;
  throw answerNotUnderstood(what);
}

/** What others have made may be of any form, as long as it has a name. */
function byName(json: unknown, what: string): ReadonlyMap<string, Row> {
  if (!Array.isArray(json)) throw answerNotUnderstood(what);
  const named = json.filter((row: unknown): row is Row => typeof (row as Row | null)?.name === 'string');
  return new Map(named.map((row) => [row.name as string, row]));
}

/** Everything that 0.55.0 takes and that differs from what it takes by itself; nothing in it is secret. */
function wishOf(image: string, name: string, options: OrchardDriverOptions): unknown {
  const { labels, cpus, memoryMb, os, arch, runtime, ssh, guestNetwork } = options;
  return {
    ...{ name, image, os, arch, runtime, labels },
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

function viewOf(found: Machine | undefined, uid: string): ClusterMachineView {
  if (!found || found.uid !== uid) return { stage: 'gone', worker: null, message: null };
  const { worker = null, status_message: message = null } = found;
  return { stage: stageOf(found), worker: worker === '' ? null : worker, message };
}

function stageOf({ status, worker = '' }: Machine): ClusterMachineView['stage'] {
  if (status === 'failed' || status === 'running') return status;
  return worker === '' ? 'queued' : 'cloning';
}
