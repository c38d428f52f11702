import type { PathPattern } from './path-pattern.ts';

/** One rule of a CodeResources file: what to do with the paths that it matches. */
export interface ResourceRule {
  readonly matches: PathPattern;
  /** The heaviest matching rule decides; 1 when not given. */
  readonly weight: number;
  /** Not sealed at all. */
  readonly omit: boolean;
  /** Sealed as code: by the hash of its signature. */
  readonly nested: boolean;
  readonly optional: boolean;
}

export type Treatment = 'unmentioned' | 'omitted' | 'sealed' | 'nested';

/** What the rules say about one path, relative to the content root. */
export function treatmentOf(rules: readonly ResourceRule[], path: string): Treatment {
  let best: ResourceRule | undefined;
  for (const rule of rules) {
    if (best && rule.weight <= best.weight) continue;
    if (rule.matches(path)) best = rule;
  }
  if (!best) return 'unmentioned';
  if (best.omit) return 'omitted';
  return best.nested ? 'nested' : 'sealed';
}

/**
 * What the rules of current tools leave out, their unescaped dot in `locversion.plist` included; a seal that leaves out
 * more lets content change unseen.
 */
const USUAL_OMISSIONS = /^(Info\.plist|PkgInfo|(.*\/)?\.DS_Store|(Resources\/)?.*\.lproj\/locversion.plist)$/;

export const isUsualOmission = (path: string): boolean => USUAL_OMISSIONS.test(path);
