import { type PlistDict, parsePlistDict } from '../../domain/plist/index.ts';
import { ShipError } from '../../errors.ts';
import type { GuestSession } from '../vm/guest.ts';
import { checkedGuestPath } from '../vm/guest-path.ts';
import { type ActoolReport, readActoolReport } from './actool-report.ts';
import { missingIconEvidence } from './icon-evidence.ts';
import { howItEnded, runTool, type ToolRun, tellingLine, withoutPaths } from './run-tool.ts';

export interface CompileOptions {
  /** An `.xcassets` folder in the guest with the icon set `AppIcon`. */
  readonly catalogDir: string;
  /** In the guest; made when it is not there. What actool made is put into it, over files of the same names. */
  readonly outputDir: string;
  readonly platform: 'ios' | 'macos';
  readonly minimumOs: string;
  /** For iOS: which icons the partial Info.plist speaks of. */
  readonly deviceFamilies: readonly ('iphone' | 'ipad')[];
  readonly signal: AbortSignal;
}

export interface CompiledCatalog {
  /** To be merged into Info.plist; for iOS it has no `CFBundleIconName` at the top, which the store wants as well. */
  readonly partialInfo: PlistDict;
  /** Relative to the output folder: `Assets.car`, loose icons. */
  readonly files: readonly string[];
  /** Warnings and notices, e.g. that a size is missing. */
  readonly remarks: readonly string[];
}

const MAX_REMARKS = 20;
const MAX_REMARK_CHARACTERS = 300;
/** Of actool's report; the other parts of the output come before it, so that it cannot push them out. */
const MAX_REPORT_BYTES = 512 * 1024;

/**
 * Compiles into a folder of its own, so that nothing that lay in the output folder before can pass for a result, and
 * writes: `exit CODE`, the names of the files, a line `.`, the partial Info.plist (binary or XML) in base64, a line
 * `.`, the report.
 */
const script = `catalog=$(absolute "$1") out=$(absolute "$2"); shift 2
work=$(mktemp -d "\${TMPDIR:-/tmp}/actool.XXXXXX") && mkdir "$work/made" || exit 73
trap 'rm -rf "$work"' EXIT
trap 'exit 143' HUP INT TERM
xcrun actool --output-format xml1 --notices --warnings --errors --app-icon AppIcon \\
  --output-partial-info-plist "$work/partial.plist" "$@" --compile "$work/made" "$catalog" >"$work/report"
code=$?
[ $code -ne 127 ] || exit 127
echo "exit $code"
(cd "$work/made" && find . -type f | sed 's,^\\./,,'); echo .
[ ! -f "$work/partial.plist" ] || base64 <"$work/partial.plist"; echo .
head -c ${MAX_REPORT_BYTES} "$work/report"
[ $code -ne 0 ] || { mkdir -p "$out" && cp -R "$work/made/." "$out/"; }`;

/** Seen while the services that actool works with are starting; the second call finds them running. */
const TRANSIENT = /CoreSimulator/;

/**
 * Compiles an asset catalog by `xcrun actool`. Its exit code proves nothing: it ends with 0 although it listed errors,
 * or left files out. A failure of CoreSimulator is tried once more; a call that hangs is the caller's deadline.
 *
 * @throws ShipError ASSET_CATALOG_FAILED · XCODE_TOOL_MISSING · GUEST_OUTPUT_REFUSED · the signal's reason when aborted
 */
export async function compileAssetCatalog(
  session: GuestSession,
  options: CompileOptions,
): Promise<CompiledCatalog> {
  const first = await compileOnce(session, options);
  if ('partialInfo' in first) return first;
  const last = TRANSIENT.test(first.run.said) ? await compileOnce(session, options) : first;
  if ('partialInfo' in last) return last;
  throw notCompiled(last);
}

interface Fault {
  readonly reason: string;
  readonly run: ToolRun;
}

async function compileOnce(session: GuestSession, options: CompileOptions): Promise<CompiledCatalog | Fault> {
  const { catalogDir, outputDir, signal } = options;
  const paths = [catalogDir, outputDir];
  const words = [...paths, ...platformArguments(options)];
  const run = await runTool(session, { tool: 'actool', script, words, paths, signal });
  if (run.exitCode !== 0) return { run, reason: `The command ended with ${howItEnded(run.exitCode)}.` };
  const parts = partsOf(run.stdout);
  const report = reportOf(parts.report);
  const [error] = report?.errors ?? [];
  if (error !== undefined) return { run, reason: sentence(withoutPaths(error, paths)) };
  if (parts.exitCode !== 0)
    return { run, reason: tellingLine(run.stderr) || `It ended with exit code ${parts.exitCode}.` };
  if (!report) return { run, reason: 'Its report cannot be read.' };
  const partialInfo = partialInfoOf(parts.partial);
  if (!partialInfo) return { run, reason: 'It left no partial Info.plist that can be read.' };
  const missing = missingIconEvidence(partialInfo, parts.files);
  if (missing) return { run, reason: missing };
  return { partialInfo, files: parts.files, remarks: remarksOf(report, paths) };
}

function platformArguments({ platform, minimumOs, deviceFamilies }: CompileOptions): string[] {
  const target = ['--minimum-deployment-target', minimumOs];
  if (platform === 'macos') {
    // The small set that is the default lacks the 512 point icon, which the store asks for.
    const allSizes = ['--standalone-icon-behavior', 'all'];
    return ['--platform', 'macosx', '--target-device', 'mac', ...target, ...allSizes];
  }
  const devices = deviceFamilies.flatMap((family) => ['--target-device', family]);
  const habits = ['--compress-pngs', '--development-region', 'en', '--enable-on-demand-resources', 'NO'];
  return ['--platform', 'iphoneos', ...devices, ...target, ...habits];
}

function partsOf(stdout: string) {
  const [head = '', partial = '', ...report] = stdout.split(/^\.\n/m);
  const [exit = '', ...files] = head.trimEnd().split('\n');
  return {
    exitCode: Number(exit.replace('exit ', '')),
    files: files.map(checkedGuestPath).sort(),
    partial: Buffer.from(partial, 'base64'),
    report: report.join('.\n'),
  };
}

function reportOf(text: string): ActoolReport | undefined {
  try {
    return readActoolReport(text);
  } catch {
    return undefined;
  }
}

function partialInfoOf(bytes: Buffer): PlistDict | undefined {
  try {
    return parsePlistDict(bytes, { name: 'the partial Info.plist of actool' });
  } catch {
    return undefined;
  }
}

const remarksOf = ({ remarks }: ActoolReport, paths: readonly string[]): string[] =>
  remarks.slice(0, MAX_REMARKS).map((text) => withoutPaths(text, paths).slice(0, MAX_REMARK_CHARACTERS));

const sentence = (text: string): string =>
  `${text.trim().slice(0, MAX_REMARK_CHARACTERS).replace(/\.$/, '')}.`;

const notCompiled = ({ reason, run }: Fault): ShipError =>
  new ShipError('ASSET_CATALOG_FAILED', {
    summary: 'actool did not compile the app icon.',
    reason,
    nextStep: 'Send the job again; if it fails again, send the log of this run to the maintainers.',
    detail: { exitCode: run.exitCode, said: run.said },
  });
