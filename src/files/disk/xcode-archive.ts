import { join } from 'node:path';

/** Where the app lies in an archive of Xcode; debug symbols and what the App Store wants lie at its top. */
export const APPS_IN_XCODE_ARCHIVE = 'Products/Applications';

export const isXcodeArchive = (name: string): boolean => /\.xcarchive$/i.test(name);

const IN_XCODE_ARCHIVE = /\.xcarchive\/Products\/Applications\/[^/]+$/i;

/** The archive of Xcode that an app lies in. */
export const xcodeArchiveOf = (appPath: string): string | undefined =>
  IN_XCODE_ARCHIVE.test(appPath) ? join(appPath, '../../..') : undefined;
