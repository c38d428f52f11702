import { PathAutomaton } from './path-pattern-automaton.ts';
import type { PatternBudget } from './path-pattern-budget.ts';
import { compilePattern } from './path-pattern-compile.ts';

/**
 * POSIX extended regular expressions, as the rules of a CodeResources file use them for paths. The rules come
 * with the bundle, so they are run by an automaton that reads each character once: no pattern can make it
 * go back, as the engine of JavaScript can be made to for longer than anybody waits.
 */
export type PathPattern = (path: string) => boolean;

/** The patterns that Apple's tools and rcodesign write; known to be harmless, so the fast engine may run them. */
const wellKnown = new Map([
  // a leading `.*` says nothing, and makes the engine start over from every character
  ['.*\\.dSYM($|/)', /\.dSYM($|\/)/],
  ...[
    /^(.*\/)?\.DS_Store$/,
    /^(Frameworks|SharedFrameworks|PlugIns|Plug-ins|XPCServices|Helpers|MacOS|Library\/(Automator|Spotlight|LoginItems))\//,
    /^.*/,
    /^Info\.plist$/,
    /^PkgInfo$/,
    /^Resources\//,
    /^Resources\/.*\.lproj\//,
    /^Resources\/.*\.lproj\/locversion.plist$/,
    /^Resources\/Base\.lproj\//,
    /^[^/]+$/,
    /^embedded\.provisionprofile$/,
    /^version\.plist$/,
    /^version.plist$/,
    /^.*\.lproj\//,
    /^.*\.lproj\/locversion.plist$/,
    /^Base\.lproj\//,
  ].map((expression) => [expression.source.replaceAll('\\/', '/'), expression] as const),
]);

export function pathPattern(source: string, budget: PatternBudget): PathPattern {
  const expression = wellKnown.get(source);
  if (expression) return (path) => expression.test(path);
  const automaton = new PathAutomaton(compilePattern(source), budget);
  return (path) => automaton.matches(path);
}
