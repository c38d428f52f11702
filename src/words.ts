import { joinTexts, type Wording } from '../machines/contracts/wording.ts';

/** What the hub calls a credential, and the flag by which it is given at the terminal. */
const FLAGS = {
  apple_team_id: '--team-id',
  apple_signing_identity: '--p12 FILE',
  apple_key_id: '--key-id',
  apple_issuer_id: '--issuer-id',
  apple_p8_key: '--api-key FILE',
  provisioning_profile_base64: '--profile FILE',
  apple_certificate_p12_base64: '--p12 FILE',
  apple_certificate_password: 'the password of --p12',
  apple_notarize_certificate_p12_base64: '--notarize-p12 FILE',
  apple_notarize_certificate_password: 'the password of --notarize-p12',
  apple_notarize_signing_identity: '--notarize-p12 FILE',
  apple_installer_certificate_p12_base64: '--installer-p12 FILE',
  apple_installer_certificate_password: 'the password of --installer-p12',
} as const;

export type CredentialField = keyof typeof FLAGS;

/** Fields that are none of ours keep their name. */
export const credentialName = (field: string): Wording => ({
  hub: field,
  terminal: Object.hasOwn(FLAGS, field) ? FLAGS[field as CredentialField] : field,
});

export const credentialNames = (fields: readonly string[]): Wording =>
  joinTexts(fields.map(credentialName), ', ');

/** The PKCS#12 files of a job. */
export type P12File = 'main' | 'notarize' | 'installer';

/** What to do at the terminal when the password of a file is not right. */
export const givePassword = (file: P12File): string =>
  file === 'main'
    ? `${passwordFlags('--p12-password')}.`
    : `${passwordFlags(`--${file}-p12-password`)}; without them, that of --p12 is taken.`;

/** @param stem - of the two flags, e.g. `--p12-password` */
export const passwordFlags = (stem: string): string =>
  `Give the right password with ${stem}-file FILE ("-" is standard input) or ${stem}-env NAME`;

/** Fields of a manifest that the terminal has no flag for come from the bundle itself. */
const BUNDLE_FACTS: Readonly<Record<string, string>> = {
  app_name: 'the name of the bundle',
  bundle_id: 'CFBundleIdentifier',
  version: 'CFBundleVersion',
  short_version: 'CFBundleShortVersionString',
  targets: '--target',
  macos_distribute: '--distribute',
  ios_distribute: '--distribute',
  wait: '--wait',
  testflight_groups: '--testflight-group',
  testflight_notes: '--testflight-notes',
};

export const manifestField = (field: string): Wording => ({
  hub: field,
  terminal: BUNDLE_FACTS[field] ?? field,
});

/** Things that are called otherwise by each reader. */
export const words = {
  manifest: { hub: 'The manifest of the job', terminal: 'What the flags and the Info.plist say' },
  inConfiguration: { hub: "in the project's configuration", terminal: 'in the flags or the Info.plist' },
  credentials: { hub: 'The credentials of the job', terminal: 'What was given' },
  thatSetting: { hub: 'that setting in the project or in the global configuration', terminal: 'it' },
  expectedBundleId: { hub: 'bundle_id of the manifest', terminal: '--bundle-id' },
  oneBundleId: {
    hub: 'Give the project one bundle identifier (perry.toml) and build it again',
    terminal: 'Correct --bundle-id or CFBundleIdentifier',
  },
  certificatePassword: { hub: 'the certificate password in the project', terminal: 'the password' },
  giveProfile: { hub: 'send it', terminal: 'give it with --profile FILE' },
  projectTeamId: { hub: 'the team id of the project', terminal: '--team-id ID' },
  teamId: { hub: 'the team id', terminal: '--team-id' },
  signingCertificate: { hub: 'the signing certificate (.p12) of the project', terminal: '--p12 FILE' },
  notarizeCertificate: {
    hub: 'the Developer ID certificate (.p12) of the project',
    terminal: '--notarize-p12 FILE',
  },
  apiKey: {
    hub: 'the App Store Connect API key of the project',
    terminal: '--api-key FILE, --key-id ID and --issuer-id UUID',
  },
  installerCertificate: {
    hub: 'the installer certificate (.p12) of the project',
    terminal: '--installer-p12 FILE',
  },
  askForSymbols: {
    hub: '"debug_symbols": true in the manifest asks for them',
    terminal: '--debug-symbols asks for them',
  },
  configure: { hub: 'Configure', terminal: 'Give' },
  tryAgainOrMakeRoom: {
    hub: 'Try again; if it fails again, the operator of the worker should look at the space and the permissions of its state directory.',
    terminal:
      'Look at the space and the permissions of the state directory (PERRY_STATE_DIR), and try again.',
  },
  timestampUrl: { hub: 'PERRY_TIMESTAMP_URL of the worker', terminal: '--timestamp-url' },
  storeTimestampUrl: { hub: 'PERRY_STORE_TIMESTAMP_URL of the worker', terminal: '--timestamp-url' },
  buildNumber: { hub: 'the build number ("version" in the project)', terminal: 'CFBundleVersion' },
  marketingVersion: {
    hub: 'the marketing version ("short_version" in the project)',
    terminal: 'CFBundleShortVersionString',
  },
} as const satisfies Record<string, Wording>;
