import type { ChartActor } from '../../live/messages.ts';
import { inWords, plain } from './format.ts';

const NAMES: Readonly<Record<string, string>> = {
  supervisor: 'supervisor',
  hubConnection: 'hub connection',
  vmPool: 'pool of machines',
  signJob: 'job',
  vmLifecycle: 'machine',
  notarization: 'notarization',
  storeUpload: 'upload to App Store Connect',
  testflight: 'TestFlight',
  interruptedJobs: 'interrupted jobs',
  clusterMachine: 'machine of a cluster',
  clusterLook: 'look at the cluster',
  clusterCapacity: 'room of the cluster',
};

/** Who an actor is, by its statechart. */
export const actorWord = (chart: string): string =>
  Object.hasOwn(NAMES, chart) ? (NAMES[chart] ?? chart) : inWords(chart);

/** With the job or the machine that it works for. */
export function actorTitle({ vm, jobId, chart }: ChartActor): string {
  const whose = vm ?? jobId;
  return whose === null ? actorWord(chart) : `${actorWord(chart)} ${plain(whose, 60)}`;
}
