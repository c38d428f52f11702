import { PROTECTED_FRAMEWORKS, type ProtectedFramework } from '../domain/bundle/protected-frameworks.ts';
import { shown } from '../domain/bundle/shown.ts';
import { type PlistDict, stringAt } from '../formats/plist/index.ts';
import { type Finding, finding, type Severity } from './finding.ts';
import type { Context } from './input.ts';

type Code = Context['survey']['code'] extends ReadonlyMap<string, infer C> ? C : never;

/**
 * ITMS-90683: texts that say why the app needs a protected resource. What the code imports decides; where its symbols
 * do not tell, linking a framework that is good for nothing else does.
 */
export function privacyFindings(context: Context): Finding[] {
  const { survey, platform, inStore } = context;
  if (!survey.info) return [];
  // macOS asks when the app runs, the Mac App Store does not look
  const severity: Severity = platform === 'ios' ? inStore : 'warning';
  return [
    ...PROTECTED_FRAMEWORKS.flatMap((resource) => missing(context, resource, severity)),
    ...empty(survey.info, severity),
  ];
}

function missing(context: Context, resource: ProtectedFramework, severity: Severity): Finding[] {
  const users = [...context.survey.code].filter(([path, code]) => {
    return needs(code, resource) && !infosFor(context, path).some((info) => hasText(info, resource.keys));
  });
  const [first] = users;
  if (!first) return [];
  const [key = ''] = resource.keys;
  return [
    finding('PURPOSE_STRING_MISSING', severity, {
      summary: `The app uses ${resource.framework}, and its Info.plist has no ${key}.`,
      reason: `${shown(first[0])} ${evidence(first[1], resource)}; without a text the system ends an app that asks for ${resource.resource}.`,
      nextStep: `Add ${resource.keys.join(' or ')} with a sentence that says what it is used for, or stop linking ${resource.framework}.`,
    }),
  ];
}

function needs(code: Code, { framework, classes, linkingTells }: ProtectedFramework): boolean {
  const { importedClasses, frameworks } = code;
  if (!frameworks.includes(framework)) return false;
  return importedClasses ? classes.some((name) => importedClasses.has(name)) : linkingTells;
}

function evidence({ importedClasses }: Code, { framework, classes }: ProtectedFramework): string {
  const used = classes.find((name) => importedClasses?.has(name));
  return used ? `uses ${used}` : `is linked with ${framework}.framework`;
}

/** An extension may bring its own text; that of the app is asked for as well. */
function infosFor({ survey: { info, nested, nestedInfo } }: Context, path: string): PlistDict[] {
  const own = nested.filter((bundle) => path.startsWith(`${bundle.path}/`));
  return [info, ...own.map(({ infoPlist }) => nestedInfo.get(infoPlist))].filter(
    (found): found is PlistDict => found !== undefined,
  );
}

const hasText = (info: PlistDict, keys: readonly string[]): boolean =>
  keys.some((key) => Object.hasOwn(info, key));

/** A text that says nothing is refused like none. */
const empty = (info: PlistDict, severity: Severity): Finding[] =>
  Object.keys(info)
    .filter((key) => /^NS\w+UsageDescription$/.test(key) && !stringAt(info, key)?.trim())
    .map((key) =>
      finding('PURPOSE_STRING_MISSING', severity, {
        summary: `${key} in the Info.plist is no text, or an empty one.`,
        reason: 'The user would be asked without being told why.',
        nextStep: `Write a sentence into ${key}, or remove the key, and build again.`,
      }),
    );
