import { type Command, Option } from 'commander';

const PASSWORD_FILE = 'its password, "-" for standard input; asked for on the terminal otherwise';
const PASSWORD_VARIABLE = 'variable that holds it';

/**
 * What `sign` and `check` are told of a bundle and its credentials: one list, so that a command line that one of them
 * takes can be given to the other.
 */
export const withBundleFlags = (command: Command): Command =>
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
    .option('--api-key-file, --api-key <file>', 'App Store Connect key (.p8), with --key-id and --issuer-id')
    .option('--key-id <id>', 'of that key')
    .option('--issuer-id <uuid>', 'of that key');

/** The password of the one PKCS#12 file that a command is about. */
export const withPasswordFlags = (command: Command): Command =>
  command.option('--password-file <file>', PASSWORD_FILE).option('--password-env <name>', PASSWORD_VARIABLE);
