import * as z from 'zod';
import { ShipError } from '../../../errors.ts';
import type { OrchardApi } from './api.ts';
import { answerNotUnderstood } from './failures.ts';
import { foreignText } from './foreign-text.ts';

const text = foreignText(100);
const info = z.object({ version: text, capabilities: z.array(text).max(100).default([]) });

/** What the controller says of itself. */
export type ClusterInfo = Readonly<z.output<typeof info>>;

/** Since 0.44; without it the states of machines mean something else. */
const NEEDED = 'vm-state-endpoint';

/**
 * Not `/v1/`, which 0.55.0 answers to everybody: this is for accounts that it knows, whatever their roles.
 *
 * @throws ShipError as `OrchardApi.ask` · CLUSTER_ANSWER_INVALID
 */
export async function readInfo(api: OrchardApi, signal: AbortSignal): Promise<ClusterInfo> {
  const what = 'The question for the version';
  const { json } = await api.ask({ what, method: 'GET', path: '/controller/info', signal });
  const { data } = info.safeParse(json);
  if (!data) throw answerNotUnderstood(what);
  return data;
}

/** @throws ShipError CLUSTER_TOO_OLD */
export function expectUsable({ version, capabilities }: ClusterInfo): void {
  if (capabilities.includes(NEEDED)) return;
  throw new ShipError('CLUSTER_TOO_OLD', {
    summary: 'The controller of the cluster is too old.',
    reason: `It is Orchard ${version}, and has no "${NEEDED}", without which the states of machines mean something else.`,
    nextStep: 'Update the controller and the workers to Orchard 0.55.0.',
  });
}
