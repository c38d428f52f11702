import type { Cluster } from '../orchard-emulator/cluster.ts';
import type { OrchardHost } from '../orchard-emulator/host.ts';
import type { ApiCall, ApiFault } from '../orchard-emulator/knobs.ts';
import type { Vm } from '../orchard-emulator/resources.ts';
import type { SeededRandom } from './soak-random.ts';

/** What goes wrong, and how it is mended some ticks later. */
export interface ClusterFault {
  readonly name: string;
  /** @returns what mends it, if anything is to be mended */
  readonly strike: (scene: FaultScene) => void | (() => void | Promise<void>);
}

export interface FaultScene {
  readonly host: OrchardHost;
  readonly random: SeededRandom;
  /** Machines of the daemon that suffers. */
  readonly ours: () => readonly Vm[];
  /** It has met something. */
  readonly struck: () => void;
}

const REQUESTS: Readonly<Record<string, (call: ApiCall) => boolean>> = {
  'a request for a machine': ({ method }) => method === 'POST',
  'a removal': ({ method }) => method === 'DELETE',
  'the question for all machines': ({ method, path }) => method === 'GET' && path === '/vms',
  'the question for one machine': ({ method, path }) => method === 'GET' && /^\/vms\/[^/]+$/.test(path),
  'a tunnel': ({ path }) => path.endsWith('/port-forward'),
};

const STATUSES = [401, 404, 408, 409, 412, 417, 500, 503];
const API_FAULTS: readonly ApiFault[] = [
  ...(['lost', 'reset', 'silent', 'late', 'slow'] as const),
  ...STATUSES.map((status) => ({ status })),
];

const nameOf = (fault: ApiFault): string =>
  typeof fault === 'object' ? `is answered with ${fault.status}` : `is ${fault}`;

/** One request, the next of its kind; it lies in wait until the next round. */
const onOneRequest: ClusterFault[] = Object.entries(REQUESTS).flatMap(([what, isOne]) =>
  API_FAULTS.map((fault) => ({
    name: `${what} ${nameOf(fault)}`,
    strike: ({ host, struck }: FaultScene) => {
      // one machine is asked about where it is missing in the list, as it is after a request that was not done
      const isFirst = isOne === REQUESTS['the question for one machine'];
      const left: [(call: ApiCall) => boolean, ApiFault][] = [
        ...(isFirst ? [[({ method }: ApiCall) => method === 'POST', 'reset'] as never] : []),
        [isOne, fault],
      ];
      host.knobs.fault = (call) => {
        const [next] = left;
        if (!next?.[0](call)) return undefined;
        left.shift();
        if (left.length === 0) struck();
        return next[1];
      };
    },
  })),
);

/** Every request, for some ticks. */
const onAllRequests: ClusterFault[] = (
  ['silent', 'reset', 'lost', { status: 500 }, { status: 503 }, 'slow'] as const
).map((fault) => ({
  name: `for a while everything ${nameOf(fault)}`,
  strike: ({ host, struck }) => {
    host.knobs.fault = () => {
      struck();
      return fault;
    };
    return () => {
      host.knobs.fault = undefined;
    };
  },
}));

const MESSAGES = [
  'failed to pull the VM: tart command failed: "UnexpectedHTTPStatusCode"',
  'failed to clone the VM: tart command failed: "no space left on device"',
  'VM failed: tart command failed: "The number of VMs exceeds the system limit"',
  'VM failed: tart command failed: "Softnet failed"',
  'VM failed: VM exited unexpectedly',
  'VM failed: failed to run startup script: nothing',
  'Encountered an impossible transition',
];

/** One worker, or all of them, say so of what they are to make. */
const onMachines: ClusterFault[] = MESSAGES.flatMap((said) =>
  (['failsWith', 'failsAfterwards'] as const).map((knob) => ({
    name: `${knob} ${said.slice(0, 40)}`,
    strike: ({ host, random, struck }: FaultScene) => {
      const [one, isAll] = [aWorker(host.cluster, random), random.next() < 0.2];
      host.knobs[knob] = (worker) => {
        if (!isAll && worker !== one) return undefined;
        struck();
        return said;
      };
      return () => {
        host.knobs[knob] = undefined;
      };
    },
  })),
);

const aWorker = ({ workers }: Cluster, random: SeededRandom): string =>
  random.pick([...workers.keys()].toSorted());
const aMachine = ({ ours, random, struck }: FaultScene): Vm | undefined => {
  const machines = ours();
  if (machines.length > 0) struck();
  return machines.length > 0 ? random.pick(machines) : undefined;
};

/** The one that has a machine of ours, if there is any. */
const theirWorker = (scene: FaultScene): string =>
  aMachine(scene)?.worker ?? aWorker(scene.host.cluster, scene.random);

const onWorkers: ClusterFault[] = [
  {
    name: 'a worker dies, and comes back',
    strike: (scene) => {
      const { cluster } = scene.host;
      const name = theirWorker(scene);
      cluster.killWorker(name);
      return () => cluster.workers.get(name)?.restart();
    },
  },
  {
    name: 'a worker is cut off, and its machines live on',
    strike: (scene) => {
      const worker = scene.host.cluster.workers.get(theirWorker(scene));
      if (!worker) return undefined;
      worker.isAlive = false;
      return () => {
        worker.isAlive = true;
      };
    },
  },
  {
    name: 'a worker is stuck',
    strike: (scene) => {
      const worker = scene.host.cluster.workers.get(theirWorker(scene));
      if (!worker) return undefined;
      worker.isStuck = true;
      return () => {
        worker.isStuck = false;
      };
    },
  },
  {
    name: 'a worker is restarted',
    strike: (scene) => () => scene.host.cluster.workers.get(theirWorker(scene))?.restart(),
  },
  {
    name: 'a worker is removed, and comes by itself again',
    strike: (scene) => scene.host.cluster.removeWorker(theirWorker(scene)),
  },
  {
    name: 'all workers are paused',
    strike: ({ host: { cluster }, struck }) => {
      struck();
      for (const worker of cluster.workers.values()) worker.isPaused = true;
      return () => {
        for (const worker of cluster.workers.values()) worker.isPaused = false;
      };
    },
  },
];

const onOurs: ClusterFault[] = [
  {
    name: 'a guest crashes',
    strike: (scene) => {
      const vm = aMachine(scene);
      if (vm) scene.host.cluster.workerOf(vm)?.guestOf(vm.uid)?.die();
    },
  },
  {
    name: 'somebody removes a machine',
    strike: (scene) => {
      const vm = aMachine(scene);
      if (vm) scene.host.cluster.remove(vm.name);
    },
  },
  {
    name: 'somebody makes a machine of the same name',
    strike: (scene) => {
      const vm = aMachine(scene);
      if (!vm) return;
      scene.host.cluster.remove(vm.name);
      scene.host.cluster.create({ name: vm.name, image: 'golden', headless: true });
    },
  },
  {
    name: 'all tunnels break',
    strike: ({ host, struck }) => {
      if (host.cluster.tunnels.size > 0) struck();
      for (const tunnel of host.cluster.tunnels.keys()) tunnel.terminate();
    },
  },
  {
    name: 'all tunnels are closed with 1000',
    strike: ({ host, struck }) => {
      if (host.cluster.tunnels.size > 0) struck();
      for (const tunnel of host.cluster.tunnels.keys()) tunnel.close(1000);
    },
  },
  {
    name: 'tunnels break after some bytes',
    strike: ({ host, random, struck }) => {
      struck();
      host.knobs.dropAfterBytes = random.between(1, 4_000);
      return () => {
        host.knobs.dropAfterBytes = undefined;
      };
    },
  },
  {
    name: 'the controller restarts',
    strike: ({ host, random, struck }) => {
      struck();
      const ticks = random.between(0, 6);
      return () =>
        host.restart(async () => {
          for (let count = 0; count < ticks; count += 1) await host.tick();
        });
    },
  },
  {
    name: 'guests take long',
    strike: ({ host, struck }) => {
      struck();
      host.knobs.bootTicks = 20;
      return () => {
        host.knobs.bootTicks = 1;
      };
    },
  },
];

let foreigners = 0;

const onCapacity: ClusterFault[] = [
  {
    name: 'others take all places',
    strike: ({ host: { cluster }, struck }) => {
      struck();
      const names = Array.from({ length: 6 }, () => `somebody-${++foreigners}`);
      for (const name of names) cluster.create({ name, image: 'golden', headless: true });
      return () => {
        for (const name of names) cluster.remove(name);
      };
    },
  },
];

export const clusterFaults: readonly ClusterFault[] = [
  ...onOneRequest,
  ...onAllRequests,
  ...onMachines,
  ...onWorkers,
  ...onOurs,
  ...onCapacity,
];
