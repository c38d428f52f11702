import { checkLogin } from '../../adapters/vm/orchard/check-host.ts';
import type { ClusterMachine } from '../../adapters/vm/orchard/occupancy.ts';
import { obstacleOf } from '../../adapters/vm/orchard/workers.ts';
import { type Check, type Finding, ok, remark } from '../check.ts';
import { after, type ClusterVisit } from './visit.ts';
import { named } from './workers.ts';

const DIGEST = /@sha256:[0-9a-f]{64}$/;

export const imageChecks = (visit: ClusterVisit, image: string): Check[] => [
  after(visit.machines, imageOfMachines(visit, image)),
  after(visit.settings, login(visit)),
];

/** The controller does not know which images its workers have; which of them run machines of it, it does. */
const imageOfMachines = (visit: ClusterVisit, image: string): Check => ({
  question: 'Is the golden image pinned, and is it there?',
  ask: async (signal) => {
    const settings = await visit.settings(signal);
    const fitting = (await visit.workers(signal)).filter((worker) => !obstacleOf(worker, settings));
    const running = (await visit.machines(signal)).filter(
      (machine) => machine.image === image && machine.status === 'running',
    );
    const having = [...new Set(running.map(({ worker }) => worker))].sort();
    const others = fitting.filter(({ name }) => !having.includes(name)).map(({ name }) => name);
    return imageFinding(image, whereabouts(having, others), others, running);
  },
});

function whereabouts(having: readonly string[], others: readonly string[]): string {
  const seen = having.length > 0 ? `machines of it run on ${named(having)}` : 'no machine of it runs now';
  return others.length === 0 ? seen : `${seen}, of ${named(others)} nothing is known`;
}

function imageFinding(
  image: string,
  where: string,
  others: readonly string[],
  running: readonly ClusterMachine[],
): Finding {
  if (DIGEST.test(image))
    return ok(`${image}: pinned by its digest, and pulled where it is missing; ${where}`);
  if (image.includes('/')) {
    const digest = running.map(({ imageTaken }) => imageTaken).find((taken) => DIGEST.test(taken));
    return remark(
      `${image}: a tag, under which another image can be pushed; ${where}`,
      `Name it by its digest: PERRY_TART_IMAGE=${digest ?? 'HOST/NAME@sha256:…, as "tart fqn" prints it'}`,
    );
  }
  const evidence = `"${image}": a machine on the disk of each Mac, and no digest says that they are the same; ${where}`;
  if (others.length === 0) return ok(evidence);
  return remark(
    evidence,
    'See that "tart list" on each Mac has it, as the user of the worker; or push it to a registry, and name it by its digest.',
  );
}

const login = (visit: ClusterVisit): Check => ({
  question: 'Can guests be logged into, whoever passes it on?',
  ask: async (signal) => {
    const { ssh } = await visit.settings(signal);
    await checkLogin(ssh);
    const by = ssh.keyFile === undefined ? 'with a password' : `with the key in "${ssh.keyFile}"`;
    return ok(`As "${ssh.user}", ${by}; the host key is pinned: ${ssh.hostKey}`);
  },
});
