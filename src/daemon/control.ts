import type { SignatureAccount } from '../audit/account.ts';
import { breaksUnknown } from '../audit/acknowledge.ts';
import { answersOf, type StandingFacts, type Supervisor, statusNow } from '../control/answers.ts';
import type { AcknowledgeRequest, ControlReply } from '../control/protocol.ts';
import { type ControlServer, startControlServer } from '../control/server.ts';
import type { History, JobRecord } from '../history/record.ts';
import type { DaemonStatus, PastFailure } from '../observability/status.ts';
import { packageVersion } from '../package-root.ts';
import type { Services } from '../run/services.ts';

/** The socket through which `perry-ship status`, `drain` and `cancel` talk to this daemon. */
export function startControl(
  supervisor: Supervisor,
  { config, logger, signatures }: Services,
  facts: StandingFacts,
): Promise<ControlServer> {
  const answer = answersOf(supervisor, facts);
  return startControlServer({
    stateDir: config.stateDir,
    answer: (request) =>
      request.request === 'acknowledge'
        ? acknowledged(signatures, request, statusNow(supervisor, facts))
        : answer(request),
    onYielded: () => {
      if (supervisor.getSnapshot().status === 'active') supervisor.send({ type: 'yield.withdrawn' });
    },
    onFault: (error) => logger.warn({ err: error }, 'a request on the control socket could not be answered'),
  });
}

/** A large account on a slow disk: it is read twice. */
const ACKNOWLEDGE_TIMEOUT_MS = 20 * 60_000;

async function acknowledged(
  signatures: SignatureAccount,
  { request: _request, ...wish }: AcknowledgeRequest,
  status: () => DaemonStatus,
): Promise<ControlReply> {
  const isDone = await signatures.acknowledge(wish, AbortSignal.timeout(ACKNOWLEDGE_TIMEOUT_MS));
  return isDone ? { ok: true, status: status() } : { ok: false, failure: breaksUnknown };
}

/** What the status tells that the statecharts do not know. */
export function standingFacts(
  { config, vault, signatures, pauseMark, driver: machines }: Services,
  history: Pick<History, 'list'>,
  driver: string,
): StandingFacts {
  return {
    pid: process.pid,
    version: packageVersion(),
    worker: config.workerName,
    hub: config.hubUrl,
    driver,
    startedAtMs: Date.now(),
    failingHosts: () => machines.failingHosts?.() ?? {},
    signatures: () => signatures.standing(),
    pauseProblem: () => pauseMark.problem,
    receivedAtMs: (runId) => vault.claim(runId)?.receivedAtMs,
    lastFailures: () => history.list({ failedOnly: true, limit: SHOWN_FAILURES }).map(pastFailure),
  };
}

const SHOWN_FAILURES = 5;

function pastFailure(record: JobRecord): Omit<PastFailure, 'secondsAgo'> {
  const { jobId, runId, appName, result, endedAtMs, startedAtMs, failure } = record;
  const { code = null, summary = null, reason = null, nextStep = null } = failure ?? {};
  return {
    ...{ jobId, runId, appName, result, endedAtMs: endedAtMs ?? startedAtMs },
    ...{ code, summary, reason, nextStep },
  };
}
