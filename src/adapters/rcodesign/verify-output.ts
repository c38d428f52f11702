/** What was said about one file. */
export interface FileReport {
  readonly exitCode: number;
  readonly lines: readonly string[];
}

/**
 * Said about every file, or said beside a problem line; the verdict is the exit code and the other lines.
 *
 *     (the verify command is known to be buggy and gives misleading results; we highly recommend …)
 *     no problems detected!
 *     (we do not verify everything so please do not assume that the signature meets Apple standards)
 *     Error: problems reported during verification
 */
const remarks = [
  /^\(.*\)$/,
  /^no problems detected!$/,
  /^Error: problems reported during verification$/,
  /^$/,
];

/**
 * Reported for every sound ad hoc signature, because it has no CMS signature: rcodesign writes an empty one, as
 * codesign does, linkers write none. A universal binary has `@<slice>: ` before the text.
 *
 *     CMS error: missing further values (at position 0)
 *     @1: CMS error: missing further values (at position 0)
 *     no cryptographic signature present
 *
 * For signatures made with a key (RSA, ECDSA, Ed25519; with and without time stamp; thin and universal; SHA-1 and
 * SHA-256 side by side for old systems) it raises no false alarm.
 */
const soundWithoutKey =
  /^(@\d{1,9}: )?(CMS error: missing further values \(at position 0\)|no cryptographic signature present)$/;

/** Reads the output of the script in `verify.ts`. */
export function readReports(stdout: string): FileReport[] {
  const reports: FileReport[] = [];
  let lines: string[] = [];
  for (const line of stdout.split('\n')) {
    const [, exitCode] = /^== exit (\d+)$/.exec(line) ?? [];
    if (/^== \d+$/.test(line)) lines = [];
    else if (exitCode === undefined) lines.push(line);
    else reports.push({ exitCode: Number(exitCode), lines });
  }
  return reports;
}

/** The problems of one file; empty when its signature holds. */
export function problemsOf({ exitCode, lines }: FileReport, adHoc: boolean): string[] {
  if (exitCode === 0) return [];
  const said = lines.filter((line) => !remarks.some((remark) => remark.test(line)));
  const problems = said.filter((line) => !(adHoc && soundWithoutKey.test(line)));
  if (problems.length > 0) return problems;
  const onlyHarmless = exitCode === 1 && said.length > 0;
  return onlyHarmless ? [] : [`the check ended with exit code ${exitCode} and no word`];
}
