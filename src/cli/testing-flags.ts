import type { SigningWishes } from '../domain/manifest/index.ts';
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
  const text = (await readFlagFile('--testflight-notes', path))?.toString('utf8').trim();
  if (text === undefined || path === undefined || !path.toLowerCase().endsWith('.json')) return text;
  try {
    return JSON.parse(text);
  } catch {
    throw usage(
      'The file of --testflight-notes cannot be used.',
      'Its name ends in .json, and it is no JSON.',
    );
  }
}
