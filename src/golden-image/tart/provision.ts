import { fingerprintOfKey } from '../../adapters/guest/ssh/keys.ts';
import { pinnedRelease } from '../../adapters/rcodesign/release.ts';
import { archiveDamaged, notAsSet, unsuitable } from './failures.ts';
import { authorise, inspection, power, rcodesign, ssh, xcode, xcodeVersion } from './guest-commands.ts';
import { type GuestWork, runAllInGuest, runInGuest } from './guest-work.ts';

/** Tart runs on Apple silicon alone, and so do its guests. */
export const guestRelease = () => {
  const release = pinnedRelease('darwin', 'arm64');
  if (!release) throw new Error('there is no release of rcodesign for macOS');
  return release;
};

const GIB_IN_KIB = 1024 * 1024;
/** The archive of Xcode and what it unpacks to, at the same time. */
const WITH_XCODE_GIB = 30;
const WITHOUT_XCODE_GIB = 2;

/** @returns version of macOS in the guest */
export async function inspectGuest(work: GuestWork): Promise<{ osVersion: string }> {
  await runInGuest(work, inspection.maySudo).catch((cause: unknown) => {
    work.signal.throwIfAborted();
    throw isStepFailure(cause) ? unsuitable(NO_SUDO, OTHER_BASE) : cause;
  });
  const system = await runInGuest(work, inspection.system);
  if (system !== 'Darwin arm64')
    throw unsuitable(`Its guest is "${plain(system)}", and not macOS on Apple silicon.`, OTHER_BASE);
  const wantedGib = work.files.xcode === undefined ? WITHOUT_XCODE_GIB : WITH_XCODE_GIB;
  const freeKib = freeSpace(await runInGuest(work, inspection.freeSpace));
  if (freeKib < wantedGib * GIB_IN_KIB)
    throw unsuitable(
      `Its guest has ${(freeKib / GIB_IN_KIB).toFixed(1)} GiB free, and ${wantedGib} GiB are wanted.`,
      'Use a base image with a larger disk, or make the disk larger ("tart set NAME --disk-size GB").',
    );
  return { osVersion: plain(await runInGuest(work, inspection.osVersion)) };
}

const NO_SUDO = 'The user that logs in may not administer its guest without a password.';
const OTHER_BASE = 'Leave out --from to use the base image that is known to work, or give another one.';

const isStepFailure = (error: unknown): boolean =>
  (error as { code?: unknown } | undefined)?.code === 'IMAGE_BUILD_FAILED';

/** `Filesystem 1024-blocks Used Available Capacity Mounted on`: POSIX has the fourth word of the second line. */
const freeSpace = (table: string): number => Number(table.split('\n')[1]?.trim().split(/\s+/)[3]) || 0;

/** From the guest, and shown. */
const plain = (text: string): string => text.replaceAll(/[^\w. -]/g, '').slice(0, 40);

/** The archive goes in and is measured there, before anything of it is unpacked. */
export async function installRcodesign(work: GuestWork, sha256Hex: string): Promise<void> {
  await runInGuest(work, rcodesign.prepare);
  await runInGuest(work, rcodesign.send);
  const [seen = ''] = (await runInGuest(work, rcodesign.digest)).split(/\s/);
  if (seen !== sha256Hex) throw archiveDamaged(seen);
  await runAllInGuest(work, rcodesign.install);
  await requireRcodesign(work);
}

async function requireRcodesign(work: GuestWork): Promise<void> {
  const version = await runInGuest(work, rcodesign.version);
  if (version !== rcodesign.expected)
    throw notAsSet(`Its rcodesign says "${plain(version)}", and not "${rcodesign.expected}".`);
}

export const setPower = (work: GuestWork): Promise<void> => runAllInGuest(work, power);

export async function installXcode(work: GuestWork): Promise<void> {
  await runAllInGuest(work, xcode);
  await runInGuest(work, xcodeVersion);
}

export const authoriseKey = (work: GuestWork, keyLine: string): Promise<void> =>
  runAllInGuest(work, authorise(keyLine));

/** The private half of the host key never leaves the guest. */
export async function secureSsh(
  work: GuestWork,
  takesPassword: boolean,
): Promise<{ hostKeyFingerprint: string }> {
  await runAllInGuest(work, ssh.install(takesPassword));
  const effective = (await runInGuest(work, ssh.effective)).toLowerCase().split('\n');
  const missing = ssh.expected(takesPassword).find((line) => !effective.includes(line));
  if (missing !== undefined) throw notAsSet(`The sshd of the guest does not go by "${missing}".`);
  return { hostKeyFingerprint: fingerprintOfKey(await runInGuest(work, ssh.hostKey)) };
}

/** In a clone that was booted from what was made. */
export async function examineClone(work: GuestWork): Promise<void> {
  await requireRcodesign(work);
  if (work.files.xcode !== undefined) await runInGuest(work, xcodeVersion);
}
