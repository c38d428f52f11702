import { ShipError } from '../../../errors.ts';
import type { Tart } from './command.ts';
import { imageMissing, tartFailure } from './failures.ts';
import { hasImage, listMachines } from './listing.ts';
import { readCredentials } from './open-guest.ts';
import type { TartSshOptions } from './options.ts';
import { outcomeOf } from './outcomes.ts';

/** The first start after a boot has macOS check the program. */
const DEADLINE_MS = 30_000;
const LIST_DEADLINE_MS = 8_000;

/**
 * Whether this host can make machines at all: `tart` runs, the image is here, the key can be read.
 *
 * @throws ShipError COMMAND_NOT_FOUND · VM_HOST_NOT_READY · VM_IMAGE_MISSING · VM_LIST_FAILED · CONFIG_INVALID
 */
export async function checkTartHost(
  tart: Tart,
  ssh: TartSshOptions,
  image: string,
  signal: AbortSignal,
): Promise<void> {
  await readCredentials(ssh);
  await requireTart(tart, signal);
  const machines = await listMachines(tart, { signal, deadlineMs: LIST_DEADLINE_MS });
  if (!hasImage(machines, image))
    throw imageMissing(
      image,
      machines.map(({ name }) => name),
    );
}

/** @throws ShipError COMMAND_NOT_FOUND · VM_HOST_NOT_READY */
export async function requireTart(tart: Tart, signal: AbortSignal): Promise<void> {
  const version = await tart.call(['--version'], { signal, deadlineMs: DEADLINE_MS });
  if (outcomeOf(version) !== 'succeeded')
    throw tartFailure({ summary: 'Tart does not run on this host.', code: 'VM_HOST_NOT_READY' }, version);
  if (!/^\d+\.\d+/.test(version.stdout)) throw notTart();
}

const notTart = (): ShipError =>
  new ShipError('VM_HOST_NOT_READY', {
    summary: 'What is called "tart" on this host is not the program that runs virtual machines.',
    reason: 'It does not answer to "--version" with a version number.',
    nextStep: 'Install Tart with "brew install openai/tools/tart", or name it with PERRY_TART_BINARY.',
  });
