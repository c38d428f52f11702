import {
  type DerivedEntitlements,
  deriveEntitlements,
  hasVariables,
  isTemplate,
  needsNoProfile,
  unwritableKey,
} from '../domain/entitlements/index.ts';
import { type PlistDict, type PlistValue, stringAt } from '../formats/plist/index.ts';
import { type EntitlementsUse, foreignTeamFindings } from './entitlement-teams.ts';
import { type Finding, finding, findingOf } from './finding.ts';
import type { Context } from './input.ts';

const DEBUGGING = ['get-task-allow', 'com.apple.security.get-task-allow'];
const SANDBOX = 'com.apple.security.app-sandbox';
/** Of the sandbox and the hardened runtime of macOS; groups exist on iOS as well. */
const MAC_ONLY = /^com\.apple\.security\.(?!application-groups$)/;
const LEAVE_OUT = 'or leave it out of the entitlements';

export interface JudgedEntitlements {
  readonly findings: readonly Finding[];
  /** Absent when they cannot be derived. */
  readonly entitlements?: PlistDict;
}

/** Derives the entitlements of the main executable, and says what is refused of those that were asked for. */
export function judgeEntitlements(context: Context, use: EntitlementsUse): JudgedEntitlements {
  try {
    const derived = derive(context, use);
    const { entitlements } = derived;
    const findings = [
      ...unwritable(entitlements),
      ...cut(context, derived),
      ...macDirect(context, use, entitlements),
      ...foreignTeamFindings(context, use, entitlements),
    ];
    return { findings, entitlements };
  } catch (thrown) {
    return { findings: [findingOf(thrown)] };
  }
}

function derive({ platform, survey, wishes }: Context, use: EntitlementsUse): DerivedEntitlements {
  const sidecar = survey.sidecar ?? survey.existingEntitlements.get(survey.executable ?? '');
  return deriveEntitlements({
    platform,
    plan: { distribution: use.distribution },
    manifest: { entitlements: wishes.entitlements ?? [], iosCapabilities: wishes.capabilities ?? [] },
    bundleId: use.bundleId,
    ...(use.profile && { profile: use.profile }),
    ...(sidecar && { sidecar }),
    ...(wishes.explicitEntitlements && { explicit: wishes.explicitEntitlements }),
    ...(use.teamId !== undefined && { teamId: use.teamId }),
  });
}

/** The signing tool would end in the middle of its work. */
function unwritable(entitlements: PlistDict): Finding[] {
  const key = unwritableKey(entitlements);
  if (key === undefined) return [];
  return [
    finding('ENTITLEMENT_NOT_ALLOWED', 'error', {
      summary: `The entitlement ${key.slice(0, 200)} has a value that no signature can hold.`,
      reason: 'A date, data, a number with a fraction or of more than 64 bits is in it.',
      nextStep: `Give ${key.slice(0, 200)} a text, an integer, true or false, or a list of them, ${LEAVE_OUT}.`,
    }),
  ];
}

/** What an older signature had and the new one may not have is no loss that anybody asked about. */
function cut({ survey, inStore }: Context, derived: DerivedEntitlements): Finding[] {
  const isFromSignature = survey.sidecar === undefined;
  const [code, origin] = isFromSignature
    ? (['ENTITLEMENT_DOUBTFUL', 'the signature that the app came with'] as const)
    : (['ENTITLEMENT_NOT_ALLOWED', 'app.entitlements'] as const);
  return derived.cut.map((key) =>
    finding(code, isFromSignature ? 'warning' : inStore, {
      summary: `The entitlement ${key} of ${origin} is left out, wholly or in part.`,
      reason: 'The provisioning profile does not allow its value.',
      nextStep: `Switch the capability on for the app identifier in the Apple developer account and use a new profile, ${LEAVE_OUT}.`,
    }),
  );
}

/** Without the store nobody but macOS itself looks, when the app starts. */
function macDirect(context: Context, use: EntitlementsUse, entitlements: PlistDict): Finding[] {
  if (context.platform !== 'macos' || use.distribution === 'store') return [];
  const asked = Object.keys(entitlements).filter((key) => entitlements[key] !== false);
  const severity = context.toNotary ? 'error' : 'warning';
  const restricted = asked.filter((key) => !needsNoProfile(key) && !use.profile);
  return [
    ...(asked.includes('com.apple.security.get-task-allow') ? [debugging(context, DEBUGGING[1] ?? '')] : []),
    ...restricted.map((key) =>
      finding('ENTITLEMENT_NOT_ALLOWED', severity, {
        summary: `The entitlement ${key} needs a provisioning profile: macOS may refuse to start the app.`,
        reason: 'There is no provisioning profile for it.',
        nextStep: `Make a Developer ID profile with that capability and embed it, ${LEAVE_OUT}.`,
      }),
    ),
  ];
}

const debugging = ({ toStore, toNotary }: Context, key: string): Finding =>
  finding('ENTITLEMENT_NOT_ALLOWED', toStore || toNotary ? 'error' : 'warning', {
    summary: `The entitlement ${key} lets anybody debug the app.`,
    reason: 'Apple refuses to notarize such an app, and to take it into its stores.',
    nextStep: `Remove ${key} from the entitlements.`,
  });

/** What is wrong with an entitlements file in itself, whatever the profile says. */
export function explicitFindings(context: Context): Finding[] {
  const { explicitEntitlements } = context.wishes;
  if (!explicitEntitlements) return [];
  const entries = Object.entries(explicitEntitlements);
  return [
    ...entries.flatMap(([key, value]) => doubtfulValue(context, key, value)),
    ...(context.platform === 'ios'
      ? iosFile(context, explicitEntitlements)
      : macFile(context, explicitEntitlements)),
  ];
}

/** Variables that are filled in: the prefix of the team, and the identifier of the bundle by its several names. */
const namesIdentifier = (text: string): boolean =>
  [...text.matchAll(/\$[({](\w+)[)}]/g)].some(
    ([, name = '']) =>
      name === 'CFBundleIdentifier' ||
      /^\w+IdentifierPrefix$/.test(name) ||
      (name.includes('BUNDLE') && name.endsWith('IDENTIFIER')),
  );

/** ITMS-90046 */
function doubtfulValue({ inStore }: Context, key: string, value: PlistValue): Finding[] {
  const isUnresolved = hasVariables(value) && !namesIdentifier(JSON.stringify(value));
  if (!isTemplate(value) && !isUnresolved) return [];
  return [
    finding('ENTITLEMENT_NOT_ALLOWED', inStore, {
      summary: `The entitlement ${key} has a value that is a template.`,
      reason: 'Such values stand in provisioning profiles; an app must say something concrete.',
      nextStep: `Write the concrete value of ${key} into the entitlements file.`,
    }),
  ];
}

function iosFile(context: Context, file: PlistDict): Finding[] {
  const macOnly = Object.keys(file).filter((key) => MAC_ONLY.test(key));
  return [
    ...(context.toStore && file['get-task-allow'] === true ? [debugging(context, DEBUGGING[0] ?? '')] : []),
    ...macOnly.map((key) =>
      finding('ENTITLEMENT_NOT_ALLOWED', context.inStore, {
        summary: `The entitlement ${key} is one of macOS, and the app is for iOS.`,
        reason: 'The App Store refuses it as "not supported".',
        nextStep: `Remove ${key} from the entitlements file.`,
      }),
    ),
    ...otherApp(context, file, 'application-identifier'),
  ];
}

const macFile = (context: Context, file: PlistDict): Finding[] => [
  ...(context.distribution !== 'notarize' && context.toStore ? sandboxOff(file) : []),
  ...otherApp(context, file, 'com.apple.application-identifier'),
];

/** ITMS-90296 */
function sandboxOff(file: PlistDict): Finding[] {
  if (file[SANDBOX] === true) return [];
  return [
    finding('SANDBOX_MISSING', 'error', {
      summary: 'The entitlements file does not put the app into the sandbox.',
      reason: `${SANDBOX} is ${file[SANDBOX] === undefined ? 'missing' : 'not true'}, and the Mac App Store takes no app without it.`,
      nextStep: `Set ${SANDBOX} to true, and test the app in its sandbox.`,
    }),
  ];
}

function otherApp({ survey: { bundleId } }: Context, file: PlistDict, key: string): Finding[] {
  const own = stringAt(file, key);
  if (own === undefined || bundleId === undefined || hasVariables(own) || own.endsWith('*')) return [];
  if (own.slice(own.indexOf('.') + 1) === bundleId) return [];
  return [
    finding('ENTITLEMENT_NOT_ALLOWED', 'error', {
      summary: `The entitlements file is for "${own.slice(0, 200)}", the bundle is "${bundleId}".`,
      reason: `${key} in the file names another app.`,
      nextStep: `Remove ${key} from the file: signing writes the right one.`,
    }),
  ];
}
