import type { SigningWishes } from '../domain/manifest/index.ts';
import type { ShipError } from '../errors.ts';
import { readFlagFile, usage } from './sign-files.ts';

/** What follows the upload of a build. */
export interface TestingFlags {
  readonly wait?: boolean;
  readonly testflightGroup?: readonly string[];
  readonly testflightNotes?: string;
}

/** Those that are given, as they are written. */
export const testingFlagsIn = ({
  wait,
  testflightGroup,
  testflightNotes,
}: TestingFlags): readonly string[] => [
  ...(wait ? ['--wait'] : []),
  ...(testflightGroup ? ['--testflight-group'] : []),
  ...(testflightNotes === undefined ? [] : ['--testflight-notes']),
];

/** @throws ShipError COMMAND_USAGE_WRONG when the notes cannot be read */
export async function testingWishes({
  wait,
  testflightGroup,
  testflightNotes,
}: TestingFlags): Promise<Pick<SigningWishes, 'wait' | 'testflightGroups' | 'testflightNotes'>> {
  const notes = await notesIn(testflightNotes);
  return {
    ...(wait && { wait }),
    ...(testflightGroup && { testflightGroups: testflightGroup }),
    ...(notes !== undefined && { testflightNotes: notes }),
  };
}

/** A text; or by locale, which the manifest checks. */
async function notesIn(path: string | undefined): Promise<unknown> {
  const bytes = await readFlagFile('--testflight-notes', path);
  if (bytes === undefined || path === undefined) return undefined;
  const text = textOf(bytes).trim();
  if (text === '') throw unusable('Nothing but spaces and line breaks is in it.');
  if (!path.toLowerCase().endsWith('.json')) return text;
  try {
    return JSON.parse(text);
  } catch {
    throw unusable('Its name ends in .json, and it is no JSON.');
  }
}

/** What is no text would reach the testers as question marks. */
function textOf(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw unusable('It is not UTF-8 text.', 'Save it as UTF-8, and try again.');
  }
}

const unusable = (reason: string, nextStep?: string): ShipError =>
  usage('The file of --testflight-notes cannot be used.', reason, nextStep);
