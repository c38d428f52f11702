import { checkCode } from '../../domain/bundle/code-checks.ts';
import { carriedPlaces, codePlaces } from '../../domain/bundle/code-places.ts';
import type { BundlePlatform, CodeFile } from '../../domain/bundle/index.ts';
import { shown } from '../../domain/bundle/shown.ts';
import type { Faults } from './faults.ts';
import type { CodeScan } from './scan-code.ts';

export interface JudgedCode {
  /** What is signed. */
  readonly machOs: ReadonlyMap<string, CodeFile>;
  /** Files that rcodesign would take for code, and that are sealed as resources. */
  readonly resources: readonly string[];
  readonly remarks: readonly string[];
}

interface Judgement {
  readonly platform: BundlePlatform;
  /** Of the bundle and those within: see `CodePlacesInput`. */
  readonly codeRoots: readonly string[];
  /** Paths of programs that bundles are known by. */
  readonly executables: ReadonlySet<string>;
  /** Takes what is wrong with code of the app. */
  readonly faults: Faults;
}

/** Object files and debug symbols are nothing that runs; the notary service asks for no signature on them. */
const NEVER_RUN: readonly string[] = ['object', 'dsym'];

/**
 * Tells the code of a bundle from files that only look like code, and holds it against the platform. Among the
 * resources of a Mac app everything may lie, also code for other platforms and damaged code.
 */
export function judgeCode(
  scan: CodeScan,
  { platform, codeRoots, executables, faults }: Judgement,
): JudgedCode {
  const isCode = codePlaces(codeRoots);
  const isCarried = carriedPlaces(codeRoots);
  const isResource = (path: string) => !executables.has(path) && !isCode(path);
  const judged = { machOs: new Map<string, CodeFile>(), resources: [] as string[], remarks: [] as string[] };
  judged.resources.push(...[...scan.lookAlikes].filter(isResource));
  for (const [path, fault] of scan.damaged) {
    if (platform === 'ios' || !isResource(path)) faults.add(fault);
    else {
      judged.resources.push(path);
      judged.remarks.push(`${shown(path)} is sealed as data: ${fault.failure.reason}`);
    }
  }
  for (const [path, code] of scan.machOs) {
    if (isResource(path) && code.slices.every(({ fileType }) => NEVER_RUN.includes(fileType)))
      judged.resources.push(path);
    else {
      judged.machOs.set(path, code);
      const mayBeForeign = platform === 'macos' && isCarried(path);
      faults.attempt(() => checkCode(path, code, platform, mayBeForeign));
    }
  }
  return judged;
}
