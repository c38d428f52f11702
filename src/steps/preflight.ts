import { readTrustRoots } from '../adapters/files/trust-roots.ts';
import type { BundleSurvey } from '../domain/bundle/index.ts';
import type { Manifest } from '../domain/manifest/index.ts';
import { notarizes, publishes, type SignPass, type SignPlan } from '../domain/plan.ts';
import {
  type Distribution,
  type Examination,
  errorOf,
  examine,
  type Finding,
  type PreflightCredentials,
} from '../preflight/index.ts';
import type { StepScope } from './step.ts';
import { type Desk, held } from './workbench.ts';

/** The hub relays a bounded number of lines a second; what is left of many findings is told by codes. */
const MAX_LINES = 5;

/**
 * Holds the whole job against the rules and tells everything that was found, at once.
 *
 * @throws ShipError the first of the errors
 */
export async function examineJob(scope: StepScope, survey: BundleSurvey): Promise<Examination> {
  const { desk, services, report } = scope;
  const plan = held(desk, 'plan');
  const manifest = held(desk, 'manifest');
  const examination = examine({
    target: plan.platform === 'ios' ? 'ios-sign' : 'macos-sign',
    distribution: distributionOf(plan, manifest),
    survey,
    credentials: credentialsOf(desk, plan),
    wishes: {
      entitlements: manifest.entitlements,
      capabilities: manifest.iosCapabilities,
      ...(manifest.category !== undefined && { category: manifest.category }),
    },
    wantsInstaller: true,
    trustRoots: await readTrustRoots(services.config.trustRoots),
    untrustedProfile: 'warning',
    // Apple has the last word, and says it clearly
    selfMadeCertificate: 'warning',
    now: new Date(),
  });
  const [first] = examination.findings.filter(({ severity }) => severity === 'error');
  tellAll(examination.findings, report);
  if (!first) return examination;
  for (const { identity } of examination.materials) identity?.privateKeyPem.fill(0);
  examination.installer?.privateKeyPem.fill(0);
  throw errorOf(first);
}

function distributionOf(plan: SignPlan, { macosDistribute, iosDistribute }: Manifest): Distribution {
  if (plan.passes.length > 1) return 'both';
  if (publishes(plan)) {
    const wish = plan.platform === 'ios' ? iosDistribute : macosDistribute;
    return wish === 'testflight' ? 'testflight' : 'appstore';
  }
  return notarizes(plan) ? 'notarize' : 'package';
}

/** Only what the plan uses: a certificate that came along for nothing may be as old as it likes. */
function credentialsOf(desk: Desk, plan: SignPlan): PreflightCredentials {
  const { main, notarize, installer, profile, teamId } = held(desk, 'credentials');
  const isUsed = (p12: SignPass['p12']) => plan.passes.some((pass) => pass.p12 === p12);
  return {
    ...(main && isUsed('main') && { main }),
    ...(notarize && isUsed('notarize') && { notarize }),
    ...(installer && plan.passes.some(({ container }) => container === 'pkg') && { installer }),
    ...(profile && plan.passes.some(({ embedsProfile }) => embedsProfile) && { profile }),
    ...(teamId !== undefined && { teamId }),
  };
}

/** One error alone is the result of the job and need not be told twice; drawing tells about icons itself. */
function tellAll(findings: readonly Finding[], report: StepScope['report']): void {
  const errors = findings.filter(({ severity }) => severity === 'error');
  const warnings = findings.filter(
    ({ severity, code }) => severity === 'warning' && !code.startsWith('ICON_'),
  );
  const told = [...(errors.length > 1 ? errors : []), ...warnings];
  for (const found of told.slice(0, MAX_LINES)) report.log(lineOf(found));
  const rest = told.slice(MAX_LINES).map(({ code }) => code);
  if (rest.length > 0) report.log(`${rest.length} more findings: ${[...new Set(rest)].join(', ')}`);
}

const lineOf = ({ severity, code, summary, reason, nextStep }: Finding): string =>
  severity === 'error'
    ? `${code}: ${[summary, reason, nextStep].filter((part) => part !== '').join(' ')}`
    : [summary, reason].filter((part) => part !== '').join(' ');
