import { shellQuote } from '../ssh/quote.ts';

/**
 * Both tars that a guest can have, GNU tar and macOS' bsdtar (libarchive), made to do the same: names as UTF-8
 * bytes (bsdtar refuses them in the C locale, which a bare SSH command has on macOS), no AppleDouble files,
 * extended attributes or sparse records, a format without a limit for names.
 */
const SETUP = [
  'case $(uname -s) in Darwin) LC_ALL=en_US.UTF-8;; *) LC_ALL=C.UTF-8;; esac',
  'export LC_ALL COPYFILE_DISABLE=1',
  "case $(tar --version 2>/dev/null) in *bsdtar*) in=--no-mac-metadata out='--no-mac-metadata --format=gnutar';; *) in= out=--format=gnu;; esac",
].join('; ');

/** Unpacks a tar from stdin; made folders and files belong to the user of the guest. */
export const unpackCommand = (remoteDir: string): string =>
  `${SETUP}; mkdir -p ${word(remoteDir)} && tar -xpo $in -f - -C ${word(remoteDir)}`;

/** Packs the files named on stdin (NUL after each, relative to the folder) onto stdout; links stay links. */
export const packCommand = (remoteDir: string): string =>
  `${SETUP}; cd ${word(remoteDir)} && tar -c $out -f - --no-recursion --null -T -`;

/** An absolute path, or one below the home folder of the guest: never taken for an option. */
export const word = (path: string): string => shellQuote(path.startsWith('/') ? path : `./${path}`);
