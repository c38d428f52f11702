import { orchardApi } from '../../adapters/vm/orchard/api.ts';
import { type ControllerCertificate, lookAtController } from '../../adapters/vm/orchard/certificate.ts';
import { type ClusterInfo, readInfo } from '../../adapters/vm/orchard/info.ts';
import { type ClusterMachine, machinesAmong, readRows } from '../../adapters/vm/orchard/occupancy.ts';
import type { OrchardSettings } from '../../adapters/vm/orchard/options.ts';
import { type ClusterRole, findRoles } from '../../adapters/vm/orchard/roles.ts';
import { type ClusterWorker, readWorkers } from '../../adapters/vm/orchard/workers.ts';
import { type Check, remark } from '../check.ts';

type Ask<T> = (signal: AbortSignal) => Promise<T>;

/** What the questions about a cluster ask it, each once; what cannot be asked yet rejects. */
export interface ClusterVisit {
  /** @throws ShipError CONFIG_INVALID */
  readonly settings: Ask<OrchardSettings>;
  readonly certificate: Ask<ControllerCertificate | undefined>;
  /** Credentials are sent to whoever is trusted, and to nobody else. */
  readonly info: Ask<ClusterInfo>;
  readonly roles: Ask<ReadonlySet<ClusterRole>>;
  readonly workers: Ask<readonly ClusterWorker[]>;
  readonly machines: Ask<readonly ClusterMachine[]>;
}

export function visitCluster(settingsOf: () => OrchardSettings): ClusterVisit {
  const settings = once(async () => settingsOf());
  const api = once(async (signal) => orchardApi(await settings(signal)));
  const certificate = once(async (signal) => lookAtController(await settings(signal), signal));
  const info = once(async (signal) => {
    if ((await certificate(signal))?.fault !== undefined) throw new Error('whoever answers is not trusted');
    return readInfo(await api(signal), signal);
  });
  const roles = once(async (signal) => {
    await info(signal);
    return findRoles(await api(signal), signal);
  });
  const readable = async (signal: AbortSignal) => {
    if (!(await roles(signal)).has('compute:read')) throw new Error('nothing may be read');
    return api(signal);
  };
  return {
    ...{ settings, certificate, info, roles },
    workers: once(async (signal) => readWorkers(await readable(signal), signal)),
    machines: once(async (signal) => machinesAmong(await readRows(await readable(signal), signal))),
  };
}

function once<T>(ask: Ask<T>): Ask<T> {
  let answer: Promise<T> | undefined;
  return (signal) => {
    answer ??= ask(signal);
    return answer;
  };
}

/** A question that has no answer before `needs` has. */
export const after = (needs: Ask<unknown>, { question, ask }: Check): Check => ({
  question,
  ask: async (signal) => {
    const isKnown = await needs(signal).then(
      () => true,
      () => false,
    );
    signal.throwIfAborted();
    return isKnown ? ask(signal) : NOT_ASKED;
  },
});

const NOT_ASKED = remark(
  'Not known: a question above has to be answered first',
  'Mend what failed above, then run this again.',
);
