import { TRY_AGAIN_OR_REPORT } from '../../../machines/contracts/wording.ts';
import { ShipError } from '../../errors.ts';
import { type PlistDict, parsePlistDict } from '../../formats/plist/index.ts';
import type { GuestSession } from '../guest/guest.ts';
import { actoolCall, actoolOutput, type CompileOptions } from './actool-call.ts';
import { type ActoolReport, readActoolReport } from './actool-report.ts';
import { missingIconEvidence } from './icon-evidence.ts';
import { howItEnded, runTool, type ToolRun, tellingLine, withoutPaths } from './run-tool.ts';

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
  const isTransient = TRANSIENT.test(`${first.reason}\n${first.run.stderr}`);
  const last = isTransient ? await compileOnce(session, options) : first;
  if ('partialInfo' in last) return last;
  throw notCompiled(last);
}

interface Fault {
  readonly reason: string;
  readonly run: ToolRun;
}

async function compileOnce(session: GuestSession, options: CompileOptions): Promise<CompiledCatalog | Fault> {
  const paths = [options.catalogDir, options.outputDir];
  const run = await runTool(session, actoolCall(options));
  const lastWord = (exitCode: number | null): Fault => ({
    run,
    reason:
      tellingLine(withoutPaths(run.stderr, paths)) || `It ended with ${howItEnded(exitCode)} and no word.`,
  });
  if (run.exitCode !== 0) return lastWord(run.exitCode);
  const parts = actoolOutput(run.stdout);
  const report = reportOf(parts.report);
  const [error] = report?.errors ?? [];
  if (error !== undefined) return { run, reason: sentence(withoutPaths(error, paths)) };
  if (parts.exitCode !== 0) return lastWord(parts.exitCode);
  if (!report) return { run, reason: 'Its report cannot be read.' };
  const partialInfo = partialInfoOf(parts.partial);
  if (!partialInfo) return { run, reason: 'It left no partial Info.plist that can be read.' };
  const missing = missingIconEvidence(partialInfo, parts.files);
  if (missing) return { run, reason: missing };
  return { partialInfo, files: parts.files, remarks: remarksOf(report, paths) };
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
    nextStep: TRY_AGAIN_OR_REPORT,
    detail: { exitCode: run.exitCode, said: run.said },
  });
