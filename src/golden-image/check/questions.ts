import { release } from 'node:os';
import { shellCommand } from '../../adapters/guest/ssh/quote.ts';
import { versionLine } from '../../adapters/rcodesign/release.ts';
import { type Check, failed, ok, remark } from '../../doctor/check.ts';
import { GOLDEN_IMAGE_NAME, rebuildCommand } from '../../domain/golden-image.ts';
import { networkQuestion } from './network.ts';
import type { TrialGuest } from './trial.ts';

/** What is on the workers of a cluster, or comes from a registry, is built elsewhere. */
const rebuildAdvice = ({ driver, image }: TrialGuest): string =>
  ['qemu', 'tart'].includes(driver.kind) && GOLDEN_IMAGE_NAME.test(image)
    ? `Build the image again with "${rebuildCommand(image)}".`
    : 'Build the image again.';

const GB = 1e9;
const MB = 1e6;
/** Two copies of the largest bundle that is accepted, and what is made of them. */
const WANTED_DISK_GB = 10;
const WANTED_MEMORY_MB = 500;
/** Apple refuses signatures that seem to come from the future. */
const MAX_CLOCK_SECONDS = 30;

/** What decides whether a machine of this image can do a job, in the order in which it is asked. */
export const guestQuestions = (guest: TrialGuest): readonly Check[] => [
  boot(guest),
  hostKey(guest),
  rcodesign(guest),
  appleTools(guest),
  clock(guest),
  disk(guest),
  strength(guest),
  kernel(guest),
  networkQuestion(guest),
];

/** What one shell line prints; the guest is not trusted: at most 1 MiB comes, and what is shown of it is short. */
async function said({ session }: TrialGuest, line: string, signal: AbortSignal): Promise<string> {
  const { stdout } = await session.exec(shellCommand(['sh', '-c', line]), { signal });
  return shown(stdout);
}

/** On one line, without control characters. */
const shown = (text: string): string =>
  text
    .trim()
    .slice(0, 200)
    .replace(/[^\x20-\x7e]+/g, ' ');

const boot = ({ bootMs, address: { user, host, port } }: TrialGuest): Check => ({
  question: 'Does a machine boot, and let us in by SSH?',
  ask: async () => ok(`${user}@${host}:${port}, ${(bootMs / 1_000).toFixed(1)} s after the clone was begun`),
});

const hostKey = ({ address: { hostKeyFingerprint } }: TrialGuest): Check => ({
  question: 'Is the host key the one that is expected?',
  ask: async () =>
    hostKeyFingerprint === ''
      ? remark(
          'None is pinned; the machine proves itself in another way',
          'Set PERRY_TART_HOST_KEY to the fingerprint that "perry-ship image build" has shown.',
        )
      : ok(hostKeyFingerprint),
});

const rcodesign = (guest: TrialGuest): Check => ({
  question: 'Does rcodesign run in it?',
  ask: async (signal) => {
    const answer = await said(guest, 'rcodesign --version 2>&1', signal);
    return answer === versionLine
      ? ok(answer)
      : failed(`It says "${answer}", not "${versionLine}"`, rebuildAdvice(guest));
  },
});

const appleTools = (guest: TrialGuest): Check => ({
  question: "Does it have Apple's tools?",
  ask: async (signal) => {
    const system = await said(guest, 'uname -s', signal);
    if (system !== 'Darwin') return ok(`No, it runs ${system}: jobs that need Xcode are refused early`);
    const found = await said(guest, 'xcodebuild -version 2>&1 && xcrun --find actool', signal);
    return found.includes('actool')
      ? ok(found)
      : remark('No: jobs that need Xcode are refused early', 'Build the image with --xcode to have them.');
  },
});

const clock = (guest: TrialGuest): Check => ({
  question: 'Is its clock right?',
  ask: async (signal) => {
    const seconds = Number(await said(guest, 'date -u +%s', signal)) - Date.now() / 1_000;
    const evidence = `${Math.abs(seconds).toFixed(1)} s ${seconds < 0 ? 'behind' : 'ahead of'} this host`;
    return Math.abs(seconds) <= MAX_CLOCK_SECONDS
      ? ok(evidence)
      : failed(
          evidence,
          'Set the clock of this host by network time; if it is right, build the image again.',
        );
  },
});

const disk = (guest: TrialGuest): Check => ({
  question: 'Is there room for a job?',
  ask: async (signal) => {
    const kib = Number(await said(guest, 'df -Pk "$HOME" | awk \'END { print $4 }\'', signal));
    const evidence = `${((kib * 1_024) / GB).toFixed(0)} GB free`;
    return (kib * 1_024) / GB >= WANTED_DISK_GB
      ? ok(evidence)
      : remark(evidence, 'Build the image with a larger disk; the largest bundles take up 10 GB.');
  },
});

function moreMemoryFor({ driver: { kind }, image }: TrialGuest): string {
  if (kind === 'orchard') return 'Raise PERRY_ORCHARD_MEMORY_MB.';
  if (kind === 'qemu') return 'Raise PERRY_VM_MEMORY_MB.';
  return kind === 'tart'
    ? `Run: tart set ${shellCommand([image])} --memory 4096`
    : 'Use a host that has more memory: this machine is the host itself.';
}

const STRENGTH =
  "if [ -r /proc/meminfo ]; then awk '/^MemTotal/ { print $2 * 1024 }' /proc/meminfo; nproc; else sysctl -n hw.memsize hw.ncpu; fi";

const strength = (guest: TrialGuest): Check => ({
  question: 'How strong is it?',
  ask: async (signal) => {
    const [memory = Number.NaN, cpus = Number.NaN] = (await said(guest, STRENGTH, signal))
      .split(' ')
      .map(Number);
    const evidence = `${(memory / MB).toFixed(0)} MB of memory, ${cpus} processors`;
    return memory / MB >= WANTED_MEMORY_MB ? ok(evidence) : remark(evidence, moreMemoryFor(guest));
  },
});

const kernel = (guest: TrialGuest): Check => ({
  question: 'Does it have a kernel of its own?',
  ask: async (signal) => {
    const answer = await said(guest, 'uname -sr', signal);
    const evidence = `${answer}; this host runs ${release()}`;
    if (!guest.driver.isolates)
      return remark(`No: ${evidence}`, 'Use the local driver for development only; it isolates nothing.');
    return ok(evidence);
  },
});
