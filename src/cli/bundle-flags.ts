import { type Command, Option } from 'commander';

const PASSWORD_FILE = 'its password, "-" for standard input; asked for on the terminal otherwise';
const PASSWORD_VARIABLE = 'variable that holds it';

/**
 * What `sign` and `check` are told of a bundle and its credentials: one list, so that a command line that one of them
 * takes can be given to the other.
 */
export const withBundleFlags = (command: Command): Command =>
  withProjectFlags(withTestingFlags(withKeyFlags(ofBundle(command))));

const ofBundle = (command: Command): Command =>
  command
    .addOption(
      new Option('--target <target>', 'by the layout of the bundle when left out').choices([
        'macos-sign',
        'ios-sign',
      ]),
    )
    .addOption(
      new Option(
        '--distribute <way>',
        'how users get the app; signed and packed alone when left out',
      ).choices(['notarize', 'appstore', 'testflight', 'both']),
    )
    .addOption(
      new Option('--format <kind>', 'of a macOS app outside the App Store; dmg when left out').choices([
        'dmg',
        'pkg',
        'app',
        'zip',
      ]),
    )
    .option('--debug-symbols', 'dSYMs that lie beside the app in an archive come out beside the artifact')
    .option('--p12 <file>', 'signing identity; ad hoc when left out (macOS)')
    .option('--p12-password-file <file>', PASSWORD_FILE)
    .option('--p12-password-env <name>', PASSWORD_VARIABLE)
    .option(
      '--notarize-p12 <file>',
      'for "both": Developer ID identity; --p12 holds it as well when left out',
    )
    .option('--notarize-p12-password-file <file>', 'its password; that of --p12 otherwise')
    .option('--notarize-p12-password-env <name>', PASSWORD_VARIABLE)
    .option(
      '--installer-p12 <file>',
      'identity for an installer package: that of the Mac App Store, or --format pkg',
    )
    .option('--installer-p12-password-file <file>', 'its password; that of --p12 otherwise')
    .option('--installer-p12-password-env <name>', PASSWORD_VARIABLE)
    .option('--profile <file>', 'provisioning profile')
    .option('--entitlements <file>', "property list, in the place of the bundle's app.entitlements")
    .option('--bundle-id <id>', 'what the bundle must be')
    .option('--team-id <id>', 'what the certificate and the profile must belong to')
    .option('--notarize', 'the same as --distribute notarize; with --publish, both')
    .option('--publish', 'the same as --distribute appstore; with --notarize, both');

/** The key for Apple's services. */
export const withKeyFlags = (command: Command): Command =>
  command
    .option('--api-key-file, --api-key <file>', 'App Store Connect key (.p8), with --key-id and --issuer-id')
    .option('--api-key-env <name>', 'variable that holds its text')
    .option('--key-id <id>', 'of that key')
    .option('--issuer-id <uuid>', 'of that key');

/** What follows the upload of a build. */
export const withTestingFlags = (command: Command): Command =>
  command
    .option('--wait', 'until Apple has processed the build')
    .option(
      '--testflight-group <name>',
      'gets the build; again for another group',
      (name, before?: string[]) => [...(before ?? []), name],
    )
    .option('--testflight-notes <file>', 'what to test: a text, or a .json object of texts by locale');

export const withProjectFlags = (command: Command): Command =>
  command
    .option('--project <file>', 'settings for what no flag says; perry-ship.json when it is here')
    .option('--no-project', 'read no such file');

/** The password of the one PKCS#12 file that a command is about. */
export const withPasswordFlags = (command: Command): Command =>
  command.option('--password-file <file>', PASSWORD_FILE).option('--password-env <name>', PASSWORD_VARIABLE);

/** What `notarize`, `staple` and `publish` have in common; each is one file, and one call of Apple's services. */
export const onFile = (command: Command): Command =>
  withProjectFlags(command)
    .option('--quiet', 'say nothing on the way')
    .option('--env-file <file>', 'read settings from NAME=value lines as well')
    .option('--json', 'print the result as JSON');

export const withOut = (command: Command): Command =>
  command
    .option('--out <path>', 'where the stapled file goes; the file itself when left out')
    .option('--force', 'replace a file that exists');
