import type { GuestSession } from '../guest/guest.ts';
import type { ToolOpinion } from './opinion.ts';
import { runTool, toolFailed } from './run-tool.ts';

const VALIDATED = /The (staple and )?validate action worked!/;
/** The service has no such ticket (yet); otherwise the ticket does not fit what it is attached to. */
const NOT_FOUND = /Record not found/;

/** By the names of sysexits; the manual of stapler gives their meaning. */
const exit = { ok: 0, dataError: 65, noInput: 66, noHost: 68, cannotCreate: 73, noPermission: 77 } as const;

/**
 * Asks `xcrun stapler validate`, which also asks Apple's ticket service.
 *
 * | exit | says | here |
 * |---|---|---|
 * | 0 | the ticket is valid | holds, when it also says so |
 * | 65 | "Could not validate ticket": it is not for this content | does not hold |
 * | 65 | "Record not found": the service does not show a ticket, or not yet | unknown |
 * | 66 | missing, unsigned, or without a ticket | does not hold |
 * | 68 | the service cannot be reached | unknown |
 * | 73 | a ticket could not be written, also seen in the first seconds after notarization | unknown |
 * | 77 | the ticket was revoked | does not hold |
 *
 * @throws ShipError XCODE_TOOL_MISSING · XCODE_TOOL_FAILED (any other exit) · the signal's reason when aborted
 */
export async function validateStaple(
  session: GuestSession,
  { path, signal }: { readonly path: string; readonly signal: AbortSignal },
): Promise<ToolOpinion | 'unknown'> {
  const script = 'path=$(absolute "$1"); exec xcrun stapler validate "$path"';
  const run = await runTool(session, { tool: 'stapler', script, words: [path], paths: [path], signal });
  switch (run.exitCode) {
    case exit.ok:
      return VALIDATED.test(run.said) ? { holds: true, text: run.said } : 'unknown';
    case exit.dataError:
      return NOT_FOUND.test(run.said) ? 'unknown' : { holds: false, text: run.said };
    case exit.noInput:
    case exit.noPermission:
      return { holds: false, text: run.said };
    case exit.noHost:
    case exit.cannotCreate:
      return 'unknown';
    default:
      throw toolFailed('stapler', run);
  }
}
