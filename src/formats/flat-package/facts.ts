/** What the descriptions in an installer package say about the one app that it installs. */
export interface PackageFacts {
  readonly bundleId: string;
  /** `<name>.app`. */
  readonly folderName: string;
  /** CFBundleShortVersionString. */
  readonly shortVersion?: string;
  /** CFBundleVersion. */
  readonly buildVersion?: string;
  /** What the Installer shows. */
  readonly title?: string;
  /** LSMinimumSystemVersion. */
  readonly minimumOs?: string;
  /** Of the main executable, e.g. `['arm64', 'x86_64']`. */
  readonly architectures: readonly string[];
  readonly installLocation: string;
  /** All items, folders included. */
  readonly itemCount: number;
  readonly installedKiB: number;
}

/** Of the component in the package. */
export const componentName = ({ bundleId }: Pick<PackageFacts, 'bundleId'>): string => `${bundleId}.pkg`;

const MIN_PARTS = 3;

/** As pkgbuild writes it: `1.0` is `1.0.0`. */
export function packageVersion({ shortVersion = '0' }: Pick<PackageFacts, 'shortVersion'>): string {
  if (!/^\d+(\.\d+)*$/.test(shortVersion)) return shortVersion;
  const parts = shortVersion.split('.');
  return [...parts, ...Array.from({ length: Math.max(0, MIN_PARTS - parts.length) }, () => '0')].join('.');
}
