import type { FailureKind } from '../machines/contracts/failure.ts';
import type { FailureCode } from './failure-codes.ts';

/** Who must act on a failure of each kind, as the documentation and `perry-ship explain` say it. */
export const whoActs: Readonly<Record<FailureKind, string>> = {
  input: "the job's sender",
  host: 'the operator',
  upstream: 'nobody: try again',
  defect: 'the maintainers',
};

/** What to do where a code has no advice of its own. */
const BY_KIND: Readonly<Record<FailureKind, string>> = {
  input:
    'Change what the message names, build, and send the job again; `perry-ship check` finds it beforehand.',
  host: 'Run `perry-ship doctor` on the host and read the log of the worker, then send the job again.',
  upstream: 'Send the job again in a few minutes; nothing has to be changed.',
  defect: 'Send the job again; if it fails again, send the log of the run to the maintainers.',
};

const NEW_PROFILE = 'Make a new profile in the Apple developer account';
const NEW_P12 = 'Export the certificate together with its private key as a .p12 file again';
const LOOK_AT_MACHINE = 'Look at the golden image: boot it, log in over SSH, and see what keeps it';

/** What to do where the message of a code seldom needs more than one and the same advice. */
const ADVICE: Partial<Record<FailureCode, string>> = {
  VM_TIMED_OUT: `${LOOK_AT_MACHINE}; raise \`PERRY_VM_…_TIMEOUT_SECONDS\` when it is only slow.`,
  VM_EXITED: 'Look at the memory of the host and at the log of its virtualization.',
  WORKER_STOPPING: 'Send the job again; another worker takes it, or this one when it is back.',
  WORKER_NOT_TAKING:
    'Nothing for the job, which the hub hands out again. `perry-ship status` says what to do on the worker.',
  WORKER_RESTARTED: 'Send the job again. The operator looks into the log for what killed the worker.',
  QUEUE_TIMED_OUT: 'Send the job again. The operator adds workers, or looks for jobs that do not end.',
  QUEUE_FULL: 'Send the job again later, or add workers.',
  JOB_TIMED_OUT: 'Send the job again; raise `PERRY_JOB_TIMEOUT_MINUTES` when jobs are that large.',
  RUN_OUT_OF_MEMORY:
    'Make what is unusually large in the bundle smaller, or allow more with `PERRY_RUN_MEMORY_MB` and `PERRY_RUN_HEAP_MB`.',
  CANCELLED: 'Nothing, when it was meant; otherwise send the job again.',
  ALARM_NOT_DELIVERED:
    'Correct `PERRY_ALERT_COMMAND` or `PERRY_ALERT_URL`, and run `perry-ship alarms test`.',
  BREAKS_UNKNOWN: 'Run `perry-ship audit verify`, and take the name of the breaks from there.',
  SIGNATURES_IN_USE:
    'Try again when the call of `perry-ship sign`, `notarize` or `publish` that writes to it has ended.',
  SIGNATURES_MISSING: 'Name the state directory of the daemon with `--state-dir` or `--env-file`.',
  SIGNATURES_UNREADABLE:
    'Ask as the user that runs the daemon, or put `signatures.jsonl` back from your copy.',
  SIGNATURE_NOT_RECORDED:
    'Make room on the disk of the state directory, and look at the permissions of `signatures.jsonl` in it; then send the job again.',
  DISK_FULL: 'Make room on the disk of the state directory.',
  DISK_REFUSED:
    'See whether the file system of the state directory is mounted read-only or damaged (`mount`, `dmesg`), and whether the user of the worker may write there.',
  COMMAND_NOT_FOUND: 'Install the program that the message names, or put it on PATH.',
  COMMAND_USAGE_WRONG: 'Correct the command; `perry-ship help COMMAND` lists its flags.',
  CONFIG_INVALID: 'Correct the variable that the message names; `perry-ship doctor` checks them all.',
  DAEMON_ALREADY_RUNNING: 'End the other daemon, or give this one a `PERRY_STATE_DIR` of its own.',
  DAEMON_NOT_RUNNING: 'Start the daemon, or name its folder with `--state-dir` or `--env-file`.',
  STATE_FORMAT_UNKNOWN:
    'Install the version that wrote the state directory, or a newer one, or set PERRY_STATE_DIR to another folder.',
  DAEMON_NOT_ANSWERING: 'Try again; when it stays silent, read its log and start it anew.',
  JOB_UNKNOWN: '`perry-ship status` lists the jobs that run, `perry-ship jobs` those that have ended.',
  HISTORY_UNREADABLE:
    'Ask as the user that runs the daemon; one that is damaged the daemon moves aside when it starts.',
  PAUSE_NOT_KEPT: 'Make room on the disk of the state directory, then pause or resume again.',
  STATE_UNREADABLE: 'Take the file that is named from a backup.',
  DAEMON_ENDING: 'Start the daemon again when it has ended.',
  JOB_AMBIGUOUS: 'Write more letters of the job.',
  IMAGE_EXISTS: 'Replace it with `--force`, or give the new one another name.',
  IMAGE_IN_USE: 'End what uses it, `perry-ship drain` for a daemon, and try again.',
  IMAGE_TOOLS_MISSING: 'Run the `apt-get` line that the message has.',
  IMAGE_BUILD_FAILED: 'Correct what the message names, and run `perry-ship image build` again.',
  UPGRADE_REFUSED: 'Do what the message names, and run `perry-ship upgrade` again.',
  UPGRADE_FAILED:
    'Read what the message says of the daemon, mend the cause, and run `perry-ship upgrade` again.',
  SERVICE_UNSUPPORTED: 'Run `perry-ship run` under what supervises your other services.',
  UPLOAD_STALLED: 'Send the job again. When it happens often, look at the network between worker and hub.',
  MANIFEST_INVALID: 'Correct the field that the message names in the configuration of the project.',
  TARGET_UNKNOWN: 'Name exactly one target, `macos-sign` or `ios-sign`.',
  CREDENTIAL_MISSING: 'Add the credential that the message names.',
  CREDENTIAL_INVALID: 'Correct the credential that the message names.',
  BUNDLE_NOT_ARCHIVE: 'Send the app in a .tar.gz or .zip.',
  BUNDLE_TOO_LARGE: 'Take out of the bundle what the app does not need.',
  BUNDLE_PATH_UNSAFE: 'Rename that file, and pack the bundle again.',
  BUNDLE_NAME_COLLISION: 'Rename one of the two files; a Mac holds only one of them.',
  BUNDLE_ENTRY_UNSUPPORTED: 'Take that entry out of the bundle, and pack it again.',
  BUNDLE_MISSING: 'Read the log of the build: it packed no app.',
  BUNDLE_AMBIGUOUS: 'Pack one app alone.',
  BUNDLE_NOT_A_FOLDER: 'Read the log of the build: it left something else than an app.',
  BUNDLE_EXECUTABLE_IS_SCRIPT: 'Make a small program the main executable, which starts the script.',
  BUNDLE_ID_MISMATCH: 'Give the project one bundle identifier, and build it again.',
  BUNDLE_EXECUTABLE_MISSING: 'Read the log of the build: it left out the program.',
  BUNDLE_PLATFORM_WRONG: 'Build for devices, not for the simulator.',
  BUNDLE_ARCHITECTURE_WRONG: 'Build for arm64 (macOS also x86_64).',
  BUNDLE_ENCRYPTED: 'Send the app as the build made it, not one from a device or a store.',
  BUNDLE_REMARK: 'Nothing, when it is meant.',
  BUNDLE_LINKS_LOST: 'Pack the bundle in a way that keeps symbolic links (`tar`, `ditto`, `zip -y`).',
  BUNDLE_LINK_DANGLING: 'Add what the link leads to, or remove the link.',
  BUNDLE_LINK_OUTSIDE: 'Put a copy of the file into the bundle in the place of the link.',
  BUNDLE_SCRIPT_EXECUTABLE: 'Take the script out, or take its executable bit away.',
  ARCHIVED_CODE_UNSIGNED: 'Sign the code before it is packed into the archive, with a time stamp.',
  BUNDLE_ID_DUPLICATE: 'Give each bundle an identifier of its own.',
  BUNDLE_NESTED_ID_WRONG: "Let the identifier of the extension begin with the app's and a dot.",
  BUNDLE_NESTED_VERSION_WRONG: 'Give the extension the version of the app.',
  BUNDLE_SDK_OLD: 'Build with a current Xcode.',
  PURPOSE_STRING_MISSING:
    'Add the key that the message names to the Info.plist, with a sentence for the user.',
  ICON_TRANSPARENT: 'Use a picture without an alpha channel.',
  ICON_MISSING: 'Add a square PNG of 1024 by 1024 pixels.',
  ICON_NOT_SQUARE: 'Use a square picture.',
  ICON_TOO_SMALL: 'Use a picture of 1024 by 1024 pixels.',
  ICON_VARIANT_MISSING:
    'Put the picture into the assets of the project, or beside Icon-1024.png as Icon-1024-dark.png or Icon-1024-tinted.png.',
  ICON_UNREADABLE: 'Save the picture as PNG again.',
  P12_INVALID: `${NEW_P12}.`,
  P12_PASSWORD_WRONG: 'Correct the password of the certificate; `perry-ship identity FILE.p12` tries it.',
  P12_KEY_MISSING: `${NEW_P12}.`,
  P12_KEY_MISMATCH: `${NEW_P12}.`,
  CERTIFICATE_EXPIRED: 'Make a new certificate in the Apple developer account, and a new profile with it.',
  CERTIFICATE_NOT_YET_VALID: 'Wait for its first day, or correct the clock of the host.',
  CERTIFICATE_KEY_UNSUPPORTED: 'Use a certificate for an RSA key, as Apple issues it.',
  CERTIFICATE_KIND_WRONG: 'Use a certificate of the kind that the message names.',
  CERTIFICATE_NOT_APPLE: 'Use a certificate from the Apple developer account, unless only you run the app.',
  CERTIFICATE_AMBIGUOUS: 'Export only the identity that is meant, or name it.',
  IDENTITY_NAME_UNKNOWN: '`perry-ship identity FILE.p12` lists the names that the file holds.',
  TEAM_MISMATCH: 'Use certificate, profile and team id of one team.',
  PROFILE_INVALID: 'Download the profile from the Apple developer account again.',
  PROFILE_MISSING: `${NEW_PROFILE}, and add it.`,
  PROFILE_CHANGED: 'Download the profile from the Apple developer account again, and leave it as it is.',
  PROFILE_SIGNATURE_WRONG: 'Download the profile from the Apple developer account again.',
  PROFILE_UNTRUSTED: 'Use a profile from the Apple developer account.',
  PROFILE_KIND_WRONG: `${NEW_PROFILE} of the kind that the message names.`,
  PROFILE_UNUSED: 'Leave the profile out, or send what it is for.',
  PROFILE_EXPIRES_SOON: `${NEW_PROFILE} before that day.`,
  PROFILE_EXPIRED: `${NEW_PROFILE}.`,
  PROFILE_BUNDLE_ID_MISMATCH: `${NEW_PROFILE} for the identifier of the app.`,
  PROFILE_PLATFORM_MISMATCH: `${NEW_PROFILE} for the platform of the app.`,
  PROFILE_CERTIFICATE_MISSING: `${NEW_PROFILE} that lists the certificate.`,
  ENTITLEMENT_NOT_ALLOWED:
    'Switch the capability on for the app identifier, and use a profile that was made after that.',
  SANDBOX_MISSING: 'Add `com.apple.security.app-sandbox` to the entitlements.',
  DMG_NAME_UNSUPPORTED: 'Rename the file that the message names.',
  DMG_NAME_COLLISION: 'Rename one of the two files.',
  DMG_TOO_LARGE: 'Take out of the bundle what the app does not need.',
  ARTIFACT_NOT_WRITTEN: 'Name a folder or file that this user may write with `--out`.',
  FILE_KIND_WRONG: 'Name a file of the kind that the message says.',
  FILE_DAMAGED: 'Sign the file again; `perry-ship verify` shows what is wrong with it.',
  ARTIFACT_UNKNOWN: 'Name an .app, .ipa, .dmg, .pkg or Mach-O file.',
  TOOLCHAIN_LACKS_PRODUCTBUILD:
    'Send the job to a worker whose machines run macOS with Xcode, or set PERRY_STORE_PACKAGE=portable; Apple may refuse what is then made.',
  XCODE_TOOL_MISSING: 'Install Xcode in the golden image, start it once, and accept its license.',
  RCODESIGN_MISSING:
    'Put rcodesign 0.29.0 on PATH or name it with `PERRY_RCODESIGN`; `perry-ship doctor` checks it.',
  RCODESIGN_UNUSABLE: 'Name rcodesign 0.29.0 with `PERRY_RCODESIGN`, or unset the variable.',
  SIGN_TIMESTAMP_URL_INVALID: 'Correct `PERRY_TIMESTAMP_URL`.',
  SIGN_UNSEALED: 'Move the file to `Contents/Resources`, or give its name no dot.',
  VM_IMAGE_MISSING:
    'Name an image that `tart list` or `perry-ship image list` shows with `PERRY_TART_IMAGE`, or build one with `perry-ship image build`.',
  VM_IMAGE_UNUSABLE:
    'Do what the message names: mostly, build it again with `perry-ship image build --force NAME`.',
  VM_LIMIT_REACHED: 'End other macOS guests on the host; macOS runs two at a time.',
  VM_DISK_FULL: 'Make room on the volume of `TART_HOME`, with QEMU on that of the state directory.',
  VM_CLONE_FAILED: 'Read the log of the worker; `tart clone` on the host shows the same.',
  VM_NOT_LOCATED: `${LOOK_AT_MACHINE} from getting an address.`,
  GUEST_UNREACHABLE:
    'Switch remote login on in the golden image, and allow local network access on the host.',
  GUEST_HOST_KEY_MISMATCH:
    'Correct `PERRY_TART_HOST_KEY` when the image is new; otherwise find out who answers.',
  GUEST_AUTH_REFUSED:
    'Correct `PERRY_TART_SSH_USER`, `PERRY_TART_SSH_PASSWORD` or `PERRY_TART_SSH_KEY_FILE`.',
  GUEST_FORWARD_REFUSED: 'Set `AllowTcpForwarding remote` in the `sshd_config` of the golden image.',
  GUEST_DISK_FULL: 'Make room on the disk of the golden image, or make that disk larger.',
  GUEST_OUTPUT_REFUSED:
    'Send the job again; if it fails again, treat the golden image or the bundle as hostile.',
  GUEST_OUTPUT_ALTERED:
    'Send the job again; if it fails again, treat the golden image or the bundle as hostile.',
  HUB_URL_REFUSED: 'Correct the address in the hub, or set `PERRY_HUB_HTTP_URL`.',
  HUB_JOB_NOT_OURS: 'Nothing: whoever has the job now gives its result.',
  HUB_REFUSED: 'The operator of the hub reads its log; the message holds the answer.',
  BUNDLE_NOT_FOUND: 'Build and send the job again: the hub has lost the bundle.',
  STORE_APP_UNKNOWN: 'Make an app record for the identifier in App Store Connect.',
  STORE_GROUP_UNKNOWN: 'Name the groups as App Store Connect does, or make them there.',
  STORE_COMPLIANCE_OPEN:
    'Answer the question at the build, and set ITSAppUsesNonExemptEncryption in Info.plist.',
  STORE_FOLLOW_UP_FAILED:
    'Do what the message names, at the build in App Store Connect or with `perry-ship publish` and the same file.',
  STORE_DUPLICATE: 'Raise the build number, build, and send the job again.',
  STORE_COMMIT_UNCLEAR: 'Look into App Store Connect for the build before the job is sent again.',
  APPLE_API_KEY_INVALID: 'Send the .p8 file as it came from App Store Connect.',
  APPLE_AUTH_REFUSED: 'Check key id, issuer id and role of the key in App Store Connect.',
  HOST_CLOCK_WRONG: 'Set the clock of the host.',
  APPLE_AGREEMENT_MISSING: 'The account holder accepts the agreement in App Store Connect.',
  NOTARY_REJECTED: "Mend what Apple's log names; it is in the log of the job.",
};

/** The one action that most often fixes it, in a sentence. */
export const actionFor = (code: FailureCode, kind: FailureKind): string => ADVICE[code] ?? BY_KIND[kind];
