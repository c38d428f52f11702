import { checkedGuestPath } from '../guest/guest-path.ts';
import type { ToolCall } from './run-tool.ts';

export interface CompileOptions {
  /** An `.xcassets` folder in the guest with the icon set `AppIcon`. */
  readonly catalogDir: string;
  /** In the guest; made when it is not there. What actool made is put into it, over files of the same names. */
  readonly outputDir: string;
  readonly platform: 'ios' | 'macos';
  readonly minimumOs: string;
  /** For iOS: which icons the partial Info.plist speaks of. */
  readonly devices: readonly ('iphone' | 'ipad')[];
  readonly signal: AbortSignal;
}

/** Of actool's report; the other parts of the output come before it, so that it cannot push them out. */
const MAX_REPORT_BYTES = 512 * 1024;

/**
 * Compiles into a folder of its own, so that nothing that lay in the output folder before can pass for a result, and
 * writes: `exit CODE`, the names of the files, a line `.`, the partial Info.plist (binary or XML) in base64, a line
 * `.`, the report. Ends with the exit code of actool itself when it reported nothing.
 */
const script = `catalog=$(absolute "$1") out=$(absolute "$2"); shift 2
work=$(mktemp -d "\${TMPDIR:-/tmp}/actool.XXXXXX") && mkdir "$work/made" || exit 73
trap 'rm -rf "$work"' EXIT
trap 'exit 143' HUP INT TERM
xcrun actool --output-format xml1 --notices --warnings --errors --app-icon AppIcon \\
  --output-partial-info-plist "$work/partial.plist" "$@" --compile "$work/made" "$catalog" >"$work/report"
code=$?
[ -s "$work/report" ] || exit $code
echo "exit $code"
(cd "$work/made" && find . -type f | sed 's,^\\./,,'); echo .
[ ! -f "$work/partial.plist" ] || { base64 <"$work/partial.plist"; echo; }; echo .
head -c ${MAX_REPORT_BYTES} "$work/report"
[ $code -ne 0 ] || { mkdir -p "$out" && cp -R "$work/made/." "$out/"; }`;

/** One compilation as a command. */
export function actoolCall(options: CompileOptions): ToolCall {
  const { catalogDir, outputDir, signal } = options;
  const paths = [catalogDir, outputDir];
  return { tool: 'actool', script, words: [...paths, ...platformArguments(options)], paths, signal };
}

function platformArguments({ platform, minimumOs, devices }: CompileOptions): string[] {
  const target = ['--minimum-deployment-target', minimumOs];
  if (platform === 'macos') {
    // The small set that is the default lacks the 512 point icon, which the store asks for.
    const allSizes = ['--standalone-icon-behavior', 'all'];
    return ['--platform', 'macosx', '--target-device', 'mac', ...target, ...allSizes];
  }
  const targets = devices.flatMap((device) => ['--target-device', device]);
  const habits = ['--compress-pngs', '--development-region', 'en', '--enable-on-demand-resources', 'NO'];
  return ['--platform', 'iphoneos', ...targets, ...target, ...habits];
}

/**
 * The parts of what the command wrote.
 *
 * @throws ShipError GUEST_OUTPUT_REFUSED
 */
export function actoolOutput(stdout: string) {
  const [head = '', partial = '', ...report] = stdout.split(/^\.\n/m);
  const [exit = '', ...files] = head.trimEnd().split('\n');
  return {
    exitCode: Number(exit.replace('exit ', '')),
    files: files.map(checkedGuestPath).sort(),
    partial: Buffer.from(partial, 'base64'),
    report: report.join('.\n'),
  };
}
