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

/** Who an actor is, in words. */
export const actorWord = (actor: ChartActor | undefined): string =>
  actor ? (NAMES[actor.chart] ?? inWords(actor.chart)) : 'one that has ended';

/** With the job or the machine that it works for. */
export function actorTitle(actor: ChartActor): string {
  const { vm, jobId } = actor;
  const whose = vm ?? jobId;
  return whose === null ? actorWord(actor) : `${actorWord(actor)} ${plain(whose, 60)}`;
}
