/** What the lines that rcodesign wrote to stderr tell, beside its exit code. */
export interface SigningRecord {
  /** A private key with its certificate was read: without this line the signature is ad hoc, with exit code 0. */
  readonly keyRegistered: boolean;
  /** Files that lie where only signed code may lie and were left out of the seal; the first few. */
  readonly unsealed: readonly string[];
  readonly unsealedCount: number;
  /** The outermost bundle has no main executable, so nothing carries its signature. */
  readonly mainExecutableMissing: boolean;
  /** What was being signed when it ended, relative to the bundle; empty before the first item. */
  readonly lastItem: string;
  /** Text after `Error: `. */
  readonly error: string;
  /** Two errors are short, and an earlier line says what is the matter. */
  readonly refusal: string;
  /** Lines worth showing although the signature was made. */
  readonly warnings: readonly string[];
}

export interface StderrWatch {
  readonly onLine: (line: string) => void;
  readonly record: () => SigningRecord;
}

interface State {
  keyRegistered: boolean;
  unsealed: string[];
  unsealedCount: number;
  mainExecutableMissing: boolean;
  lastItem: string;
  error: string;
  refusal: string;
  warnings: string[];
  /** The nested bundle that is being signed; empty for the outermost one. */
  bundle: string;
}

const MAX_REMEMBERED = 20;

/** Lines for us alone: one for each file of the bundle. */
export const isNoise = (line: string): boolean =>
  /^(sealing |reading Mach-O signature from |non-nested file is a Mach-O)|(marked as excluded in resource|ignoring symlink due to exclude) rule/.test(
    line,
  );

const within = ({ bundle }: State, path: string): string => (bundle === '' ? path : `${bundle}/${path}`);

const enter = (state: State, bundle: string): void => {
  state.bundle = bundle;
  state.lastItem = bundle;
};

const begin = (state: State, path: string): void => {
  state.lastItem = within(state, path);
};

const leaveUnsealed = (state: State, path: string): void => {
  state.unsealedCount += 1;
  if (state.unsealed.length < MAX_REMEMBERED) state.unsealed.push(within(state, path));
};

const warn = (state: State, text: string): void => {
  if (state.warnings.length < MAX_REMEMBERED) state.warnings.push(text);
};

/** A nested bundle of resources alone is sealed by its parent, so only the outermost one matters. */
const missExecutable = (state: State): void => {
  state.mainExecutableMissing ||= state.bundle === '';
};

const meanings: readonly (readonly [RegExp, (state: State, value: string) => unknown])[] = [
  [/^registering signing key$/, (state) => Object.assign(state, { keyRegistered: true })],
  [/^entering nested bundle (.+)$/, enter],
  [/^leaving nested bundle /, (state) => enter(state, '')],
  [/^signing (?:main executable|Mach-O file) (.+)$/, begin],
  [/^sealing (?:nested Mach-O binary:|nested directory as a bundle:|regular file) (.+)$/, begin],
  [/^encountered a non Mach-O file with a nested rule: (.+)$/, leaveUnsealed],
  [/^could not find main executable of presumed nested bundle: (.+)$/, leaveUnsealed],
  [/^(.+) unexpected file type encountering during bundle signing$/, leaveUnsealed],
  [/^bundle has no main executable to sign specially$/, missExecutable],
  [/^(signing certificate expired .+)$/, warn],
  [
    /^(--for-notarization requires .+|a PRIVATE KEY requires .+)$/,
    (state, refusal) => Object.assign(state, { refusal: state.refusal || refusal }),
  ],
  [/^Error: (.+)$/, (state, error) => Object.assign(state, { error })],
];

/**
 * Follows the lines of `rcodesign sign` (0.29.0) as they come. Samples, each with exit code 0 but for the last:
 *
 *     registering signing key
 *     entering nested bundle Contents/Helpers/Helper.app
 *     sealing regular file Contents/Resources/icon.icns
 *     encountered a non Mach-O file with a nested rule: Contents/MacOS/tool
 *     could not find main executable of presumed nested bundle: Contents/PlugIns/Texts.bundle
 *     bundle has no main executable to sign specially
 *     leaving nested bundle Contents/Helpers/Helper.app
 *     signing certificate expired as of 2024-01-01T00:00:00+00:00; signatures may not be valid
 *     Error: binary parsing error: Invalid magic number: 0x23212f62
 */
export function watchStderr(): StderrWatch {
  const state: State = {
    keyRegistered: false,
    unsealed: [],
    unsealedCount: 0,
    mainExecutableMissing: false,
    lastItem: '',
    error: '',
    refusal: '',
    warnings: [],
    bundle: '',
  };
  const onLine = (line: string): void => {
    for (const [pattern, apply] of meanings) {
      const match = pattern.exec(line);
      if (match) apply(state, match[1] ?? '');
    }
  };
  return { onLine, record: () => state };
}
