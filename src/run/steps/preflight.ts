import { renderFailure } from '../../../machines/contracts/failure.ts';
import { forAudience } from '../../../machines/contracts/wording.ts';
import type { BundleSurvey } from '../../domain/bundle/index.ts';
import type { Credentials } from '../../domain/credentials/index.ts';
import { forgetPrepared, prepareP12 } from '../../domain/identity/index.ts';
import { readTrustRoots } from '../../files/disk/trust-roots.ts';
import {
  type Examination,
  errorOf,
  examine,
  type Finding,
  keysOf,
  plannedInput,
} from '../../preflight/index.ts';
import { need } from '../run-results.ts';
import type { StepScope } from './step.ts';

/** The hub relays a bounded number of lines a second; what is left of many findings is told by codes. */
const MAX_LINES = 5;

/**
 * Holds the whole job against the rules and tells everything that was found, at once.
 *
 * @throws ShipError the first of the errors
 */
export async function examineJob(scope: StepScope, survey: BundleSurvey): Promise<Examination> {
  const { results, services } = scope;
  const job = {
    plan: need(results, 'plan'),
    manifest: need(results, 'manifest'),
    credentials: need(results, 'credentials'),
  };
  const { entitlements } = results;
  const input = plannedInput(job, {
    survey,
    ...(entitlements && { entitlements }),
    trustRoots: await readTrustRoots(services.config.trustRoots),
    now: new Date(),
  });
  const examination = await withPreparedKeys(job.credentials, () => examine(input));
  const [first] = examination.findings.filter(({ severity }) => severity === 'error');
  tellAll(examination.findings, scope);
  if (!first) return examination;
  for (const key of examination.materials.flatMap(keysOf)) key.fill(0);
  throw errorOf(first);
}

/** The keys of PKCS#12 files take up to a second each to derive: the other jobs go on meanwhile. */
async function withPreparedKeys<T>(
  { main, notarize, installer }: Credentials,
  examineAll: () => T,
): Promise<T> {
  const supplied = [main, notarize, installer].filter((file) => file !== undefined);
  try {
    for (const { p12, password } of supplied) await prepareP12(p12, password);
    return examineAll();
  } finally {
    for (const { p12 } of supplied) forgetPrepared(p12);
  }
}

/** Drawing tells them itself, of the pictures that it meets. */
const TOLD_BY_DRAWING: ReadonlySet<string> = new Set([
  'ICON_UNREADABLE',
  'ICON_NOT_SQUARE',
  'ICON_TOO_SMALL',
  'ICON_VARIANT_MISSING',
]);

/** One error alone is the result of the job and need not be told twice. */
function tellAll(findings: readonly Finding[], { report, services: { audience } }: StepScope): void {
  const errors = findings.filter(({ severity }) => severity === 'error');
  const warnings = findings.filter(
    ({ severity, code }) => severity === 'warning' && !TOLD_BY_DRAWING.has(code),
  );
  const told = [...(errors.length > 1 ? errors : []), ...warnings];
  for (const found of told.slice(0, MAX_LINES)) report.log(lineOf(forAudience(found, audience)));
  const rest = told.slice(MAX_LINES).map(({ code }) => code);
  if (rest.length > 0) report.log(`${rest.length} more findings: ${[...new Set(rest)].join(', ')}`);
}

const lineOf = ({ severity, code, ...said }: Omit<Finding, 'terminal'>): string =>
  severity === 'error' ? `${code}: ${renderFailure(said)}` : renderFailure({ ...said, nextStep: '' });
