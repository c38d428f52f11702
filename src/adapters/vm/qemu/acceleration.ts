import { constants } from 'node:fs';
import { access, readFile, rename, writeFile } from 'node:fs/promises';
import { release } from 'node:os';
import { dirname, join } from 'node:path';
import * as z from 'zod';
import { readBoundedText } from '../../../files/disk/bounded-file.ts';
import { unlessAborted } from '../patience.ts';
import { checkQemu } from './check-host.ts';
import type { Accelerator } from './command-line.ts';
import type { SoundImage } from './image.ts';
import { probeKvm } from './probe.ts';

/** What runs the processors of the machines of one image here, and why not the processor of this host. */
export interface Acceleration {
  readonly accelerator: Accelerator;
  /** Why not KVM, as a sentence, and what the operator can do about it. */
  readonly obstacle?: { readonly reason: string; readonly fix: string };
}

export interface AccelerationFinder {
  /** @throws ShipError COMMAND_NOT_FOUND · VM_HOST_NOT_READY · the signal's reason */
  find(found: SoundImage, signal: AbortSignal): Promise<Acceleration>;
}

/** Asks once for each image; who waits no longer does not end the question of the others. */
export function createAccelerationFinder(): AccelerationFinder {
  const known = new Map<string, Promise<Acceleration>>();
  const ask = (found: SoundImage, key: string): Promise<Acceleration> => {
    const asking = checkQemu(NEVER).then((version) => findAcceleration(found, version));
    known.set(key, asking);
    asking.catch(() => known.delete(key));
    return asking;
  };
  return {
    find: async (found, signal) => {
      const key = `${found.facts.files.kernel.sha256Hex} ${found.facts.files.initrd.sha256Hex}`;
      return (await unlessAborted(known.get(key) ?? ask(found, key), signal)) as Acceleration;
    },
  };
}

/** Each of its questions has a deadline of its own. */
const NEVER = new AbortController().signal;

/** In the folder of the image: the answer for this boot of the host. */
const ANSWER_FILE = 'kvm-probe.json';
const MAX_ANSWER_BYTES = 4_096;
const DEVICE = '/dev/kvm';

const answerSchema = z.strictObject({ question: z.string(), works: z.boolean() });

const EMULATED = { accelerator: 'tcg' } as const;

/**
 * Whether KVM works here. That the device exists proves nothing: in some virtual machines it opens, and its guests hang for
 * ever. So a guest is booted, once per boot of the host, and the answer is kept beside the image.
 */
async function findAcceleration(found: SoundImage, qemuVersion: string): Promise<Acceleration> {
  const obstacle = await deviceObstacle();
  if (obstacle) return { ...EMULATED, obstacle };
  const question = await questionOf(found, qemuVersion);
  const file = join(dirname(found.disk), ANSWER_FILE);
  const works = (await keptAnswer(file, question)) ?? (await asked(found, file, question));
  return works ? { accelerator: 'kvm' } : { ...EMULATED, obstacle: HANGS };
}

async function deviceObstacle(): Promise<Acceleration['obstacle']> {
  const error = await access(DEVICE, constants.R_OK | constants.W_OK).then(
    () => undefined,
    (reason: NodeJS.ErrnoException) => reason.code ?? 'an error',
  );
  if (error === undefined) return undefined;
  return error === 'EACCES' || error === 'EPERM' ? FORBIDDEN : ABSENT;
}

const ABSENT = {
  reason: 'This host has no /dev/kvm.',
  fix: 'Switch on virtualization in the firmware of the host (nested virtualization where it is a virtual machine), or accept slower machines.',
};
const FORBIDDEN = {
  reason: 'The user of perry-ship may not use /dev/kvm.',
  fix: 'Run "sudo usermod -aG kvm USER" with that user, log in anew, and start perry-ship again.',
};
const HANGS = {
  reason: 'KVM is here and does not work: a guest that uses it did not boot.',
  fix: 'Use a host on which KVM works, or accept slower machines; the host is asked again after its next boot.',
};

/** All that the answer depends on. */
async function questionOf({ facts }: SoundImage, qemuVersion: string): Promise<string> {
  const bootId = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '');
  const { kernel, initrd } = facts.files;
  return [bootId.trim(), release(), qemuVersion, kernel.sha256Hex, initrd.sha256Hex].join(' ');
}

/** Without a boot id it is asked at each start. */
async function keptAnswer(file: string, question: string): Promise<boolean | undefined> {
  if (question.startsWith(' ')) return undefined;
  try {
    const read = await readBoundedText(file, MAX_ANSWER_BYTES);
    if ('unread' in read) return undefined;
    const kept = answerSchema.parse(JSON.parse(read.text));
    return kept.question === question ? kept.works : undefined;
  } catch {
    return undefined;
  }
}

async function asked(found: SoundImage, file: string, question: string): Promise<boolean> {
  const works = await probeKvm(found);
  const draft = `${file}.${process.pid}`;
  // images that somebody else keeps cannot hold an answer: it is asked again at the next start
  await writeFile(draft, JSON.stringify({ question, works }))
    .then(() => rename(draft, file))
    .catch(() => {});
  return works;
}
