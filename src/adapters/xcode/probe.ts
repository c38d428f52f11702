import type { Toolchain } from '../../domain/toolchain.ts';
import type { GuestSession } from '../guest/guest.ts';
import { shellLine } from '../guest/ssh/quote.ts';
import { toolSetup } from './run-tool.ts';

/** A line of its own: a guest may print a greeting before it. */
const XCODE_IS_HERE = 'toolchain: xcode';

/**
 * `xcode-select` comes before `xcrun`: without developer tools the latter asks to install them, in a dialogue that
 * nobody sees. The tools that only Xcode has are looked up through xcrun, the others belong to the system.
 */
const script = `${toolSetup}
[ "$(uname -s)" = Darwin ] && xcode-select -p >/dev/null 2>&1 || exit 0
for tool in actool stapler; do xcrun --find "$tool" >/dev/null 2>&1 || exit 0; done
for tool in hdiutil productbuild pkgutil codesign; do command -v "$tool" >/dev/null 2>&1 || exit 0; done
echo '${XCODE_IS_HERE}'`;

/**
 * What the guest can do, in one round trip: `xcode` only when it shows itself to be macOS with every tool that is
 * used here; `portable` when anything is missing, which is no error.
 *
 * @throws what the session rejects with, also the signal's reason when aborted
 */
export async function probeToolchain(
  session: GuestSession,
  { signal }: { readonly signal: AbortSignal },
): Promise<Toolchain> {
  const { exitCode, stdout } = await session.exec(shellLine(script, []), { signal });
  return exitCode === 0 && stdout.split('\n').includes(XCODE_IS_HERE) ? 'xcode' : 'portable';
}
