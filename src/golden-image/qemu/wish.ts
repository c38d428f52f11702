import { ShipError } from '../../errors.ts';
import type { ImageWish } from '../kinds.ts';

/** What apt takes as the address of an archive; it becomes a word in a line of its list. */
const MIRROR = /^(?:https?|file):\/\/[!-~]{1,1000}$/;

/** @throws ShipError COMMAND_USAGE_WRONG */
export function requireSoundWish({ from, xcode, mirror }: ImageWish): void {
  for (const [flag, value] of Object.entries({ from, xcode }))
    if (value !== undefined) throw wrong(`--${flag} is for images of another driver.`, 'Leave it out.');
  if (mirror !== undefined && !MIRROR.test(mirror))
    throw wrong(
      '--mirror is no address of an archive of packages.',
      'Give it as "--mirror http://HOST/debian", without spaces.',
    );
}

const wrong = (reason: string, nextStep: string): ShipError =>
  new ShipError('COMMAND_USAGE_WRONG', { summary: 'The golden image cannot be built so.', reason, nextStep });
