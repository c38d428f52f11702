import { TRY_AGAIN_OR_REPORT } from '../../../machines/contracts/wording.ts';
import { type FailureCode, ShipError } from '../../errors.ts';
import type { GuestSession } from '../guest/guest.ts';
import { wordBatches } from '../guest/ssh/word-batches.ts';
import type { ToolOpinion } from './opinion.ts';
import { howItEnded, runTool, type ToolRun, tellingLine, toolFailed } from './run-tool.ts';

export interface SignAdHocOptions {
  /** The bundle in the guest; signed in place. */
  readonly appPath: string;
  /** Bundle-relative, deepest first: what contains others comes after them. */
  readonly nestedPaths: readonly string[];
  readonly hardenedRuntime: boolean;
  /** For the app itself; nested code keeps the entitlements that it has. */
  readonly entitlementsXml?: string;
  readonly signal: AbortSignal;
}

const MAX_PATHS_PER_COMMAND = 100;

/**
 * A file that its owner may not write cannot be freed of extended attributes, such as quarantine, which codesign
 * refuses. That clearing fails where nothing can be cleared, e.g. at a broken link, says nothing.
 */
const prepareScript = `app=$(absolute "$1")
find "$app" ! -type l ! -perm -200 -exec chmod u+w {} +
xattr -cr "$app" >/dev/null 2>&1 || :`;

const nestedScript = `app=$(absolute "$1"); options=$2; shift 2
for nested do
  codesign --force --sign - $options --timestamp=none --preserve-metadata=entitlements "$app/$nested" || exit
done`;

/** Entitlements come by stdin: codesign wants them as a file, which is gone when the script ends. */
const appScript = `app=$(absolute "$1"); options=$2
work=$(mktemp -d "\${TMPDIR:-/tmp}/codesign.XXXXXX") || exit
trap 'rm -rf "$work"' EXIT
trap 'exit 143' HUP INT TERM
cat >"$work/entitlements.plist" || exit
[ -s "$work/entitlements.plist" ] && set -- --entitlements "$work/entitlements.plist" || set --
codesign --force --sign - $options --timestamp=none \${1+"$@"} "$app"`;

/**
 * Signs a bundle without an identity by `codesign --sign -`, inside out: Apple's advice, as `--deep` is deprecated
 * for signing. What fails half way is half signed: throw the copy away.
 *
 * @throws ShipError SIGN_LAYOUT_UNSUITABLE · SIGN_BINARY_UNSUITABLE · SIGN_FAILED · XCODE_TOOL_MISSING · the signal's
 *   reason when aborted
 */
export async function signAdHoc(session: GuestSession, options: SignAdHocOptions): Promise<void> {
  const { appPath, nestedPaths, hardenedRuntime, entitlementsXml = '', signal } = options;
  const flags = hardenedRuntime ? '--options=runtime' : '';
  const sign = async (script: string, words: readonly string[], stdin = '') => {
    const call = { tool: 'codesign', script, words: [appPath, ...words], paths: [appPath], stdin, signal };
    const run = await runTool(session, call);
    if (run.exitCode !== 0) throw notSigned(run);
  };
  await sign(prepareScript, []);
  for (const paths of wordBatches(nestedPaths, MAX_PATHS_PER_COMMAND))
    await sign(nestedScript, [flags, ...paths]);
  await sign(appScript, [flags], entitlementsXml);
}

interface Advice {
  readonly code: FailureCode;
  readonly matches: RegExp;
  readonly nextStep: string;
}

/** Texts of codesign that somebody can act on. */
const advices: readonly Advice[] = [
  {
    code: 'SIGN_LAYOUT_UNSUITABLE',
    matches: /bundle format (is ambiguous|unrecognized)|code object is not signed at all|unsealed contents/,
    nextStep:
      'Keep only bundles (each with an Info.plist) and Mach-O files in the places for code of the bundle, and try again.',
  },
  {
    code: 'SIGN_BINARY_UNSUITABLE',
    matches: /main executable failed strict validation|unsupported format|object file format/,
    nextStep: 'Link the binary again with the linker of Xcode, and build the bundle anew.',
  },
];

function notSigned({ exitCode, said }: ToolRun): ShipError {
  const advice = advices.find(({ matches }) => matches.test(said));
  return new ShipError(advice?.code ?? 'SIGN_FAILED', {
    summary: 'codesign did not sign the bundle.',
    reason: tellingLine(said) || `It ended with ${howItEnded(exitCode)} and no word.`,
    nextStep: advice?.nextStep ?? TRY_AGAIN_OR_REPORT,
    detail: { exitCode, said },
  });
}

const verdict = { holds: 0, fails: 1, usageWrong: 2, requirementNotMet: 3 } as const;

/**
 * What `codesign --verify --strict` thinks of a bundle, Mach-O file or disk image.
 *
 * @throws ShipError XCODE_TOOL_MISSING · XCODE_TOOL_FAILED (any exit but 0, 1 and 3) · the signal's reason when aborted
 */
export async function verifyWithCodesign(
  session: GuestSession,
  { path, deep, signal }: { readonly path: string; readonly deep: boolean; readonly signal: AbortSignal },
): Promise<ToolOpinion> {
  const depth = deep ? '--deep ' : '';
  const script = `path=$(absolute "$1"); exec codesign --verify ${depth}--strict --verbose=2 "$path"`;
  const run = await runTool(session, { tool: 'codesign', script, words: [path], paths: [path], signal });
  const { exitCode, said } = run;
  if (exitCode === verdict.holds) return { holds: true, text: said };
  if (exitCode === verdict.fails || exitCode === verdict.requirementNotMet)
    return { holds: false, text: said };
  throw toolFailed('codesign', run);
}
