import { TRY_AGAIN_OR_REPORT } from '../../../machines/contracts/wording.ts';
import { ShipError } from '../../errors.ts';
import type { GuestSession } from '../guest/guest.ts';
import { howItEnded, runTool, type ToolRun, tellingLine, withoutPaths } from './run-tool.ts';

export interface DiskImageOptions {
  /** A folder in the guest; its content becomes the root of the volume. */
  readonly sourceDir: string;
  /** Ends in `.dmg`; replaced when it exists. */
  readonly imagePath: string;
  readonly volumeName: string;
  readonly signal: AbortSignal;
  /** Told before each further try. */
  readonly onRetry?: (why: string) => void;
}

/** Seconds before the second, third … try: what holds the volume (XProtect, Spotlight) lets go in seconds. */
const PAUSES_S = [2, 3, 5, 8, 10] as const;

/** Of the script; hdiutil itself ends with small numbers. */
const exit = { notVerified: 201, noImage: 202, busy: 203 } as const;
const BUSY_LINE = 'busy: ';

/**
 * One command for all tries, because the pauses are then the guest's and end with the channel. hdiutil fills a
 * mounted volume and cannot finish the image while something else looks at it: exit 1 with "Resource busy", or 16,
 * which is EBUSY. Each try makes a new volume in a new file; a volume that could not be unmounted is detached by
 * force, so that the next one gets the same name.
 */
const script = `source=$(absolute "$1") image=$(absolute "$2") name=$3; shift 3
try=0
while :; do
  try=$((try + 1)); new=\${image%.dmg}.$try.dmg
  said=$(hdiutil create -volname "$name" -srcfolder "$source" -fs HFS+ -format UDZO -imagekey zlib-level=9 -ov "$new" 2>&1)
  code=$?
  [ $code -ne 0 ] || break
  rm -f "$new"
  case $code:$said in *'Resource busy'* | 16:*) ;; *) printf '%s\\n' "$said" >&2; exit $code ;; esac
  disk=$(printf '%s\\n' "$said" | sed -n 's/.*"\\(disk[0-9]*\\)".*/\\1/p' | head -n 1)
  [ -z "$disk" ] || hdiutil detach "/dev/$disk" -force >/dev/null 2>&1
  printf '${BUSY_LINE}%s\\n' "$(printf '%s\\n' "$said" | tail -n 1)" >&2
  [ $# -gt 0 ] || exit ${exit.busy}
  sleep "$1"; shift
done
[ -s "$new" ] || exit ${exit.noImage}
said=$(hdiutil verify "$new" 2>&1) || { printf '%s\\n' "$said" >&2; rm -f "$new"; exit ${exit.notVerified}; }
mv -f "$new" "$image"`;

/**
 * Makes a compressed HFS+ disk image (UDZO) of a folder by hdiutil, which then verifies its checksum.
 *
 * @throws ShipError DISK_IMAGE_BUSY (after six tries) · DISK_IMAGE_FAILED · DMG_CORRUPT · XCODE_TOOL_MISSING · the
 *   signal's reason when aborted
 */
export async function createDiskImage(session: GuestSession, options: DiskImageOptions): Promise<void> {
  const { sourceDir, imagePath, volumeName, signal, onRetry } = options;
  const paths = [imagePath, sourceDir];
  const words = [sourceDir, imagePath, volumeName, ...PAUSES_S.map(String)];
  let busyTries = 0;
  const onStderrLine = (line: string): void => {
    if (!line.startsWith(BUSY_LINE)) return;
    busyTries += 1;
    if (busyTries <= PAUSES_S.length) onRetry?.(withoutPaths(line.slice(BUSY_LINE.length), paths));
  };
  const run = await runTool(session, { tool: 'hdiutil', script, words, paths, signal, onStderrLine });
  if (run.exitCode !== 0) throw failureOf(run, busyTries);
}

function failureOf(run: ToolRun, busyTries: number): ShipError {
  const { exitCode, said } = run;
  const detail = { exitCode, said };
  const again = TRY_AGAIN_OR_REPORT;
  if (exitCode === exit.busy && busyTries > PAUSES_S.length)
    return new ShipError('DISK_IMAGE_BUSY', {
      summary: `hdiutil found the volume of the new disk image busy ${busyTries} times.`,
      reason: tellingLine(said.replaceAll(BUSY_LINE, '')),
      nextStep: 'Switch Spotlight off in the golden image (sudo mdutil -a -i off), and try again.',
      detail,
    });
  if (exitCode === exit.notVerified)
    return new ShipError('DMG_CORRUPT', {
      summary: 'The disk image that hdiutil made does not verify.',
      reason: tellingLine(said),
      nextStep: again,
      detail,
    });
  return new ShipError('DISK_IMAGE_FAILED', {
    summary: 'hdiutil did not make a disk image of the app.',
    reason:
      exitCode === exit.noImage
        ? 'It reported success and left no image.'
        : tellingLine(said) || `It ended with ${howItEnded(exitCode)} and no word.`,
    nextStep: again,
    detail,
  });
}
