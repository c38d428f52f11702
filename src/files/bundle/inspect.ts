import type { BundleFacts } from '../../domain/bundle/index.ts';
import { type InspectOptions, surveyBundle } from './survey.ts';

export type { InspectOptions } from './survey.ts';

/**
 * As `surveyBundle`, for those who have no use for a broken bundle.
 *
 * @throws ShipError the first of the reasons why it cannot be signed
 */
export async function inspectBundle(appPath: string, options: InspectOptions): Promise<BundleFacts> {
  const { facts, faults } = await surveyBundle(appPath, options);
  if (facts) return facts;
  throw faults[0] ?? new Error('a bundle without a fault has facts');
}
