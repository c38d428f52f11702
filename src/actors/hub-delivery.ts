import { toFailure } from '../../machines/contracts/failure.ts';
import { isConclusion, type OutboxEntry } from '../../machines/hub-connection/outbox.ts';
import { messagesOf } from '../adapters/hub/encode-report.ts';
import { encodeWorkerMessage } from '../adapters/hub/protocol.ts';
import type { HubSocket } from '../adapters/hub/socket.ts';
import type { Services } from '../run/services.ts';
import { secondsTaken } from '../run/vault.ts';
import { assignmentOf, type Receipts } from './hub-receipts.ts';

export interface Delivery {
  readonly entries: readonly OutboxEntry[];
  /** Since the last delivery. */
  readonly droppedNotes: number;
}

/** Writes what is to be said; results are journalled first, so that a killed process never says one twice. */
export function deliver(
  services: Services,
  socket: HubSocket,
  receipts: Receipts,
  { entries, droppedNotes }: Delivery,
): void {
  const results = entries.filter(isConclusion);
  if (results.length > 0) services.takenJobs.answering(results.flatMap(assignmentOf));
  if (droppedNotes > 0) services.logger.warn({ droppedNotes }, 'notes were dropped while the hub was away');
  for (const { report } of entries) for (const frame of framesOf(services, report)) send(socket, frame);
  receipts.said(results);
}

/** A frame that could not be written is no loss: the end of the link follows, and with it the next try. */
export const send = (socket: HubSocket, frame: string): void => void socket.send(frame).catch(() => {});

/** What came from outside met an error of ours: it ends here. */
export const tellFault = ({ logger }: Services, error: unknown): void =>
  logger.error({ err: error }, 'something on the link to the hub could not be dealt with');

/** A note that cannot be written is left out; a result is never: then it says that. */
function framesOf(services: Services, report: OutboxEntry['report']): string[] {
  const claim = report.kind === 'conclusion' ? services.vault.claim(report.assignmentId) : undefined;
  const context = {
    durationSeconds: claim === undefined ? 0 : secondsTaken(claim, Date.now()),
    sendsErrors: services.config.hubErrors === 'on',
    ...(claim?.platform && { platform: claim.platform }),
  };
  try {
    const redact = services.redactor.ofJob(report.jobId);
    return messagesOf(report, context).map((message) => encodeWorkerMessage(message, redact));
  } catch (error) {
    tellFault(services, error);
    if (report.kind === 'note') return [];
    const conclusion = { outcome: 'failed', failure: toFailure(error), stage: null } as const;
    return messagesOf({ ...report, conclusion }, context).map((message) =>
      encodeWorkerMessage(message, (text) => text),
    );
  }
}
