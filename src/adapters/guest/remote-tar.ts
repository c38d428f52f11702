import { shellQuote } from './ssh/quote.ts';

/**
 * The tars that a guest can have, macOS' bsdtar (libarchive), GNU tar and busybox, made to do the same: names as UTF-8
 * bytes (bsdtar refuses them in the C locale, which a bare SSH command has on macOS), no AppleDouble files, extended
 * attributes or sparse records, a format without a limit for names. Busybox reads no names from stdin.
 */
const SETUP = [
  'case $(uname -s) in Darwin) LC_ALL=en_US.UTF-8;; *) LC_ALL=C.UTF-8;; esac',
  'export LC_ALL COPYFILE_DISABLE=1',
  'in= plain="-f - --no-recursion"',
  `case $(tar --version 2>/dev/null) in ${[
    '*bsdtar*) in=--no-mac-metadata pack="tar -c $in --format=gnutar $plain --null -T -";;',
    '*busybox*) pack="xargs -0 tar -c $plain";;',
    '*) pack="tar -c --format=gnu $plain --null -T -";;',
  ].join(' ')} esac`,
].join('; ');

/** Unpacks a tar from stdin; made folders and files belong to the user of the guest. */
export const unpackCommand = (remoteDir: string): string =>
  `${SETUP}; mkdir -p ${word(remoteDir)} && tar -xpo $in -f - -C ${word(remoteDir)}`;

/** Packs the files named on stdin (NUL after each, relative to the folder) onto stdout; links stay links. */
export const packCommand = (remoteDir: string): string => `${SETUP}; cd ${word(remoteDir)} && $pack`;

/** An absolute path, or one below the home folder of the guest: never taken for an option. */
export const word = (path: string): string => shellQuote(path.startsWith('/') ? path : `./${path}`);
