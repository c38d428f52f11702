import { TRY_AGAIN_OR_REPORT } from '../../../machines/contracts/wording.ts';
import { ShipError } from '../../errors.ts';
import { cutPath } from '../guest/cut-path.ts';
import type { GuestSession } from '../guest/guest.ts';
import { shellLine } from '../guest/ssh/quote.ts';

/** Shell: not found. */
const EXIT_NOT_FOUND = 127;
const MAX_SAID_CHARACTERS = 2000;

/**
 * What every script begins with. English texts; the folders of the system, which a session without login may lack;
 * and full paths, because some tools hand their work to a service with another working folder.
 */
export const toolSetup = `set -u; umask 022
LC_ALL=C; export LC_ALL
PATH=$PATH:/usr/bin:/bin:/usr/sbin:/sbin; export PATH
absolute() { case $1 in /*) printf '%s\\n' "$1" ;; *) printf '%s\\n' "$PWD/$1" ;; esac; }
`;

/**
 * The tool did not even start: xcrun ends with 72 for a tool it does not know, with 69 while the licence is not
 * accepted, with 1 when the chosen developer folder is gone.
 *
 *     xcrun: error: unable to find utility "actool", not a developer tool or in PATH
 *     You have not agreed to the Xcode license agreements. Please run 'sudo xcodebuild -license' …
 */
const XCODE_UNUSABLE = /^xcrun: error: |not agreed to the Xcode\b/m;

export interface ToolCall {
  /** The name for error texts, e.g. `actool`. */
  readonly tool: string;
  /** POSIX shell with the userland of macOS in mind: no options that only GNU has. Follows `toolSetup`. */
  readonly script: string;
  /** `$1`, `$2` … of the script. */
  readonly words: readonly string[];
  /** Paths of the guest that what was said is freed of. */
  readonly paths: readonly string[];
  readonly stdin?: string;
  readonly signal: AbortSignal;
  readonly onStderrLine?: (line: string) => void;
}

export interface ToolRun {
  /** `null` when the tool ended by a signal. */
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Both streams without paths of the guest; the last 2000 characters. */
  readonly said: string;
}

/**
 * @throws ShipError XCODE_TOOL_MISSING · what the session rejects with, also the signal's reason when aborted
 */
export async function runTool(session: GuestSession, call: ToolCall): Promise<ToolRun> {
  const { tool, script, words, paths, signal, stdin, onStderrLine } = call;
  const { exitCode, stdout, stderr } = await session.exec(shellLine(`${toolSetup}${script}`, words), {
    signal,
    ...(stdin !== undefined && { stdin }),
    ...(onStderrLine && { onStderrLine }),
  });
  const said = withoutPaths(`${stdout}\n${stderr}`.trim(), paths).slice(-MAX_SAID_CHARACTERS);
  const isUnusable = exitCode !== 0 && XCODE_UNUSABLE.test(stderr);
  if (exitCode === EXIT_NOT_FOUND || isUnusable) throw toolMissing(tool, exitCode, said);
  return { exitCode, stdout, stderr, said };
}

export const withoutPaths = (text: string, paths: readonly string[]): string =>
  paths.reduce((clean, path) => cutPath(path)(clean), text);

/** The line to quote in an error: that which names one, or the last. */
export function tellingLine(said: string): string {
  const lines = said.split('\n').filter((line) => line.trim() !== '');
  const line = lines.find((text) => /\berror\b|\bfailed\b/i.test(text)) ?? lines.at(-1);
  return line ? `${line.trim().slice(0, 300).replace(/\.$/, '')}.` : '';
}

const toolMissing = (tool: string, exitCode: number | null, said: string): ShipError =>
  new ShipError('XCODE_TOOL_MISSING', {
    summary: `${tool} cannot be run in the machine that signs.`,
    reason: tellingLine(said) || 'The shell of the machine did not find the program.',
    nextStep:
      'Install Xcode in the golden image, accept its licence there (sudo xcodebuild -license accept), run "sudo xcodebuild -runFirstLaunch", and choose it by "sudo xcode-select -s".',
    detail: { exitCode, said },
  });

/** The tool ended in a way that says nothing about the job. */
export const toolFailed = (tool: string, { exitCode, said }: ToolRun): ShipError =>
  new ShipError('XCODE_TOOL_FAILED', {
    summary: `${tool} in the machine did not do its work.`,
    reason: tellingLine(said) || `It ended with ${howItEnded(exitCode)} and no word.`,
    nextStep: TRY_AGAIN_OR_REPORT,
    detail: { exitCode, said },
  });

export const howItEnded = (exitCode: number | null): string =>
  exitCode === null ? 'a signal' : `exit code ${exitCode}`;
