import { shown } from '../domain/bundle/shown.ts';
import { type Finding, finding } from './finding.ts';
import type { Context } from './input.ts';

const MAX_NAMED = 3;

/** ITMS-91056, 91108: the App Store of iOS refuses an app for a privacy manifest that is not valid, also of a library. */
export function privacyManifestFindings({ platform, toStore, survey }: Context): Finding[] {
  // nobody but a store looks at them
  if (!toStore && platform === 'macos') return [];
  return survey.privacyManifests.map(({ path, faults }) => {
    const isCertain = faults.some((fault) => fault.isCertain);
    const named = faults.slice(0, MAX_NAMED).map(({ fault }) => fault);
    return finding(
      'PRIVACY_MANIFEST_INVALID',
      isCertain && toStore && platform === 'ios' ? 'error' : 'warning',
      {
        summary: `The privacy manifest ${shown(path)} is not ${isCertain ? 'valid' : 'as Apple describes it'}.`,
        reason: `In it, ${named.join('; ')}.`,
        nextStep:
          'Correct the file by the documentation of Apple, or update the library that it belongs to, and build again.',
      },
    );
  });
}
