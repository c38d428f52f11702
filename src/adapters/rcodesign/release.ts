/** The version that the worker is written for and tested with; newer ones may word their messages otherwise. */
export const rcodesignVersion = '0.29.0';

/** What `rcodesign --version` prints: the name of the crate, not of the program. */
export const versionLine = `apple-codesign ${rcodesignVersion}`;

/** One archive of the release page, holding `<name>/rcodesign`. */
export interface PinnedRelease {
  readonly url: string;
  readonly sha256Hex: string;
}

const releasePage = `https://github.com/indygreg/apple-platform-rs/releases/download/apple-codesign%2F${rcodesignVersion}`;

/** SHA-256 of each archive, equal to the `.sha256` file beside it on the release page. */
const archives: Readonly<Record<string, readonly [target: string, sha256Hex: string]>> = {
  'linux-x64': [
    'x86_64-unknown-linux-musl',
    'dbe85cedd8ee4217b64e9a0e4c2aef92ab8bcaaa41f20bde99781ff02e600002',
  ],
  'linux-arm64': [
    'aarch64-unknown-linux-musl',
    '4af92c87ddf52f5f2d1258a3b4e56c7dcb8f1b2468df744976c5f139e031961f',
  ],
  'darwin-arm64': [
    'aarch64-apple-darwin',
    'd1a532150adaf90048260d76359261aa716abafc45c53c5dc18845029184334a',
  ],
  'darwin-x64': ['x86_64-apple-darwin', '14ef11bedd51a8d95eafd767939ae96d5900e5a61511bef75bb21db6e7c74140'],
};

/** The archive for this machine; nothing for a machine that the project makes no archive for. */
export function pinnedRelease(platform = process.platform, arch = process.arch): PinnedRelease | undefined {
  const archive = archives[`${platform}-${arch}`];
  if (!archive) return undefined;
  const [target, sha256Hex] = archive;
  return { url: `${releasePage}/apple-codesign-${rcodesignVersion}-${target}.tar.gz`, sha256Hex };
}
