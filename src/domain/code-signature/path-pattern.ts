import { malformed } from './malformed.ts';
import { compilePattern, type Program } from './path-pattern-compile.ts';

/**
 * POSIX extended regular expressions, as the rules of a CodeResources file use them for paths. The rules come
 * with the bundle, so they are run by an automaton that reads each character once: no pattern can make it
 * go back, as the engine of JavaScript can be made to for longer than anybody waits.
 */
export type PathPattern = (path: string) => boolean;

/** Steps that the unusual patterns of one bundle may take together: some seconds; one such pattern takes a few hundred a path. */
export class PatternBudget {
  #left = 50_000_000;

  spend(steps: number): void {
    this.#left -= steps;
    if (this.#left < 0) throw malformed('CodeResources file', 'its rules take too long to apply');
  }
}

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
  const program = compilePattern(source);
  return (path) => runProgram(program, path, budget);
}

/** Thompson's simulation: the set of all states that can be reached after each character. */
function runProgram(program: Program, path: string, budget: PatternBudget): boolean {
  let current = new Set<number>();
  for (let at = 0; at <= path.length; at += 1) {
    // a match may start anywhere
    follow(program, 0, { atStart: at === 0, atEnd: at === path.length }, current);
    budget.spend(current.size + 1);
    if (current.has(program.length - 1)) return true;
    const next = new Set<number>();
    const around = { atStart: false, atEnd: at + 1 === path.length };
    for (const state of current) {
      const instruction = program[state];
      if (instruction?.kind === 'character' && at < path.length && instruction.accepts(path[at] ?? ''))
        follow(program, state + 1, around, next);
    }
    current = next;
  }
  return false;
}

interface Around {
  readonly atStart: boolean;
  readonly atEnd: boolean;
}

/** Adds a state and all that it leads to without reading a character. */
function follow(program: Program, from: number, around: Around, states: Set<number>): void {
  const open = [from];
  for (let state = open.pop(); state !== undefined; state = open.pop()) {
    if (states.has(state)) continue;
    states.add(state);
    const instruction = program[state];
    if (instruction?.kind === 'jump') open.push(...instruction.to.map((offset) => (state ?? 0) + offset));
    if (instruction?.kind === 'assert' && around[instruction.what]) open.push(state + 1);
  }
}
