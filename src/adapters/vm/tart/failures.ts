import { type FailureCode, ShipError } from '../../../errors.ts';
import type { GuestAddress } from '../../guest/guest.ts';
import type { TartResult } from './command.ts';
import { type Outcome, outcomeOf } from './outcomes.ts';

/** What was tried, and the code for an end that has none of its own. */
export interface Attempt {
  readonly summary: string;
  readonly code: FailureCode;
}

interface Explanation {
  readonly code?: FailureCode;
  readonly reason: string;
  readonly nextStep: string;
}

const AGAIN = 'Try again; if it fails again, the log has what Tart said.';

/** One row for each way in which `tart` fails: what it means, and what the operator does about it. */
const explanations: Readonly<Record<Exclude<Outcome, 'succeeded'>, Explanation>> = {
  hung: {
    reason: 'Tart did not answer in time and was ended.',
    nextStep: 'Look for a "tart" process that is stuck on this host and end it, then try again.',
  },
  missing: { reason: 'Tart knows no machine of that name.', nextStep: AGAIN },
  notRunning: { reason: 'Tart says that the machine is not running.', nextStep: AGAIN },
  alreadyRunning: { reason: 'Tart says that the machine is running already.', nextStep: AGAIN },
  stillRunning: {
    reason: 'Tart says that the machine is still running.',
    nextStep: 'Run "tart list" on this host and "tart stop" the machine; perry-ship deletes it by itself.',
  },
  limitReached: {
    code: 'VM_LIMIT_REACHED',
    reason: 'macOS runs two macOS guests at a time, and says that two are running.',
    nextStep:
      'Quit other virtual machines on this host (Tart, UTM, Parallels, Xcode), or lower PERRY_MAX_CONCURRENT_BUILDS.',
  },
  diskFull: {
    code: 'VM_DISK_FULL',
    reason: 'Tart says that there is not enough space.',
    nextStep: 'Free space on the volume of TART_HOME: "tart list" shows images that nobody needs any more.',
  },
  keychainLocked: {
    code: 'VM_HOST_NOT_READY',
    reason:
      'The virtualization framework of macOS refused to start it, as it does when the login keychain is locked.',
    nextStep:
      'Log in to the desktop of this host as the user of perry-ship, or run "security unlock-keychain" as that user, then start perry-ship again.',
  },
  diskInUse: {
    reason: 'Another process has the disk of the machine open.',
    nextStep: 'Run "tart list" on this host and stop the machine that runs under that name.',
  },
  softnetFailed: {
    code: 'VM_HOST_NOT_READY',
    reason: 'The packet filter Softnet did not run.',
    nextStep:
      'Start perry-ship again: it looks whether Softnet can be used, and "perry-ship doctor" says what it lacks.',
  },
  incomplete: {
    reason: 'Files of the machine are missing: config.json, disk.img or nvram.bin.',
    nextStep: 'Make the golden image again with "perry-ship image build --force NAME".',
  },
  homeInvalid: {
    code: 'VM_HOST_NOT_READY',
    reason: 'Tart cannot use the folder that TART_HOME names.',
    nextStep: 'Let TART_HOME name a folder that the user of perry-ship may write to.',
  },
  registryFailed: {
    code: 'VM_IMAGE_MISSING',
    reason: 'The registry of the image did not deliver it.',
    nextStep:
      'Check its name and "tart login", then make a local image of it: "perry-ship image build --from REGISTRY/IMAGE NAME".',
  },
  lockLost: { reason: 'Another command of Tart removed its working folder.', nextStep: AGAIN },
  noAddress: {
    reason: 'The network of this host has given it none yet, as far as Tart can see.',
    nextStep:
      'If it never gets one, look whether addresses have run out: the Tart FAQ says how to shorten DHCP leases.',
  },
  notUnderstood: {
    code: 'VM_HOST_NOT_READY',
    reason: 'Tart did not understand the command: its version is not one that perry-ship knows.',
    nextStep: 'Install Tart 2.32.1 or newer ("brew upgrade tart").',
  },
  interrupted: { reason: 'Tart was interrupted.', nextStep: AGAIN },
  failed: { reason: 'Tart ended with an error that perry-ship does not know.', nextStep: AGAIN },
};

/** The error for a command that did not succeed; what the tool said goes to the log alone. */
export function tartFailure({ summary, code }: Attempt, result: TartResult): ShipError {
  const outcome = outcomeOf(result);
  const { exitCode, signal, stdout, stderr } = result;
  const known = explanations[outcome === 'succeeded' ? 'failed' : outcome];
  return new ShipError(known.code ?? code, {
    summary,
    reason: known.reason,
    nextStep: known.nextStep,
    detail: { outcome, exitCode, signal, stdout: stdout.slice(-2_048), stderr: stderr.slice(-2_048) },
  });
}

/** A slot can stay taken although the machine has gone: only a restart of the host gives it back. */
export const slotsLeaked = (name: string, times: number): ShipError =>
  new ShipError('VM_LIMIT_REACHED', {
    summary: `The machine "${name}" could not be started: this host runs no third macOS guest.`,
    reason: `macOS said so ${times} times in a row, while perry-ship has no machine running.`,
    nextStep:
      'Quit other virtual machines on this host (UTM, Parallels, Xcode); if there are none, restart the host.',
  });

export const imageMissing = (image: string, images: readonly string[]): ShipError =>
  new ShipError('VM_IMAGE_MISSING', {
    summary: `The golden image "${image}" does not exist on this host.`,
    reason: images.length > 0 ? `"tart list" has ${images.join(', ')}.` : '"tart list" has no image at all.',
    nextStep: `Make it with "perry-ship image build ${image.includes('/') ? `--from ${image}` : image}", or set PERRY_TART_IMAGE to one that exists.`,
  });

export const nameTaken = (name: string): ShipError =>
  new ShipError('VM_CLONE_FAILED', {
    summary: `The machine "${name}" was not made.`,
    reason: 'A machine of that name exists, and Tart would replace it without a word.',
    nextStep: 'Try again: another name is used.',
  });

export const notLocated = (name: string, result: TartResult): ShipError =>
  tartFailure({ summary: `The machine "${name}" has no address yet.`, code: 'VM_NOT_LOCATED' }, result);

export const alreadyRunning = (name: string): ShipError =>
  new ShipError('VM_START_FAILED', {
    summary: `The machine "${name}" could not be started.`,
    reason: 'It is running already.',
    nextStep: 'Report this run to the maintainers.',
  });

export const addressMoved = ({ host, port }: GuestAddress, cause: unknown): ShipError =>
  new ShipError('GUEST_UNREACHABLE', {
    summary: `The guest at ${host}:${port} is not the machine that was started.`,
    reason: 'The machine has another address by now.',
    nextStep: 'Ask for the address again.',
    cause,
  });

export const notOurs = (name: string): ShipError =>
  new ShipError('INTERNAL_ERROR', {
    summary: `The machine "${name}" is not one of this daemon's making.`,
    reason: 'Its name is not of the form that this daemon gives.',
    nextStep: 'Report this run to the maintainers.',
  });
