import * as z from 'zod';
import type { OrchardApi } from './api.ts';
import { answerNotUnderstood } from './failures.ts';
import { foreignText, workerName } from './foreign-text.ts';
import { countOf, TART_VMS } from './workers.ts';

const text = foreignText(300);

/** What we read of anybody's machine (0.55.0); fields without a value are left out by the controller. */
const machine = z.object({
  name: text,
  status: text.default(''),
  worker: workerName.default(''),
  image: text.default(''),
  image_fqn: text.default(''),
  resources: z.record(z.string(), z.number()).nullish(),
});

/** A machine of the cluster, whoever has made it. */
export interface ClusterMachine extends Pick<z.output<typeof machine>, 'name' | 'status' | 'image'> {
  /** Of the host that has it; empty while it waits for one. */
  readonly worker: string;
  /** What its image was when its worker took it: a digest, where it comes from a registry; empty before. */
  readonly imageTaken: string;
  /** Slots of its worker that it takes, until it is deleted. */
  readonly slots: number;
}

/** What is asked for by all who ask for more than one machine. */
export const FOR_ALL = 'The question for the machines';

/** Everybody's machines, of whatever form. @throws ShipError as `OrchardApi.ask` · CLUSTER_ANSWER_INVALID */
export async function readRows(api: OrchardApi, signal: AbortSignal): Promise<readonly unknown[]> {
  const { json } = await api.ask({ what: FOR_ALL, method: 'GET', path: '/vms', signal });
  if (!Array.isArray(json)) throw answerNotUnderstood(FOR_ALL);
  return json;
}

/** Of rows that may be of any form, those that are machines. */
export const machinesAmong = (rows: readonly unknown[]): readonly ClusterMachine[] =>
  rows.flatMap((row) => {
    const { data } = machine.safeParse(row);
    return data ? [viewOf(data)] : [];
  });

function viewOf({ resources, image_fqn: imageTaken, ...rest }: z.output<typeof machine>): ClusterMachine {
  return { ...rest, imageTaken, slots: countOf(resources?.[TART_VMS]) ?? 0 };
}
