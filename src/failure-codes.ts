import type { FailureKind } from '../machines/contracts/failure.ts';

/** One failure code: who must act, whether the same input may succeed later, and what it means. */
export interface CodeEntry {
  readonly kind: FailureKind;
  readonly retryable: boolean;
  /** One line for the table in `src/errors.md`. */
  readonly meaning: string;
}

const input = (meaning: string): CodeEntry => ({ kind: 'input', retryable: false, meaning });
const host = (meaning: string): CodeEntry => ({ kind: 'host', retryable: false, meaning });
const hostRetry = (meaning: string): CodeEntry => ({ kind: 'host', retryable: true, meaning });
const inputRetry = (meaning: string): CodeEntry => ({ ...input(meaning), retryable: true });
const upstream = (meaning: string): CodeEntry => ({ kind: 'upstream', retryable: true, meaning });
const defect = (meaning: string): CodeEntry => ({ kind: 'defect', retryable: true, meaning });

/** Every code that a job, a command or the daemon can end with. `src/errors.md` is kept equal by a test. */
export const failureCodes = {
  // the worker itself
  VM_TIMED_OUT: hostRetry('The virtual machine was not ready, or did not answer, before a deadline.'),
  VM_EXITED: hostRetry('The virtual machine ended while it was needed.'),
  WORKER_STOPPING: hostRetry(
    'The worker was stopped when the job had gone too far to be given back to the hub, or the hub could not be asked.',
  ),
  WORKER_RESTARTED: hostRetry('The worker was killed while it worked on this job, and started anew.'),
  STEP_TIMED_OUT: hostRetry('One step of the job did not end before its deadline.'),
  QUEUE_TIMED_OUT: hostRetry('The job found no free machine before its deadline.'),
  QUEUE_FULL: upstream('More jobs were handed to this worker than it lets wait.'),
  JOB_TIMED_OUT: hostRetry('The job as a whole did not end before its deadline.'),
  CANCELLED: inputRetry('The job was cancelled by its sender.'),
  RUN_PROCESS_LOST: defect('The process that worked on the job crashed, or behaved in a way that ended it.'),
  RUN_PROCESS_KILLED: hostRetry('The process that worked on the job was killed from outside.'),
  RUN_OUT_OF_MEMORY: input('What is in the bundle takes more memory than a job may have.'),
  INTERNAL_ERROR: defect('An error that the worker does not know; the log of the run has the cause.'),
  DISK_FULL: host('The disk that the worker writes to is full.'),
  COMMAND_NOT_FOUND: host('A program that the worker needs is not installed or not on PATH.'),
  COMMAND_USAGE_WRONG: input('A command was called with arguments that cannot be used.'),
  DEMO_FAILED: defect('The demo did not end with two artifacts that hold.'),
  CONFIG_INVALID: host('A setting has a value that cannot be used.'),
  DEMO_ASSET_MISSING: host('A file that the demo is made of is not installed.'),
  TIMESTAMP_AUTHORITY_FAILED: host('The time-stamp authority of the demo could not be set up with openssl.'),
  DAEMON_ALREADY_RUNNING: host('Another daemon works on the same state directory.'),
  DAEMON_NOT_RUNNING: host('No daemon works on this state directory.'),
  DAEMON_NOT_ANSWERING: host('The daemon does not answer on its control socket, or not in a form we know.'),
  CONTROL_REQUEST_INVALID: input('A request on the control socket is too long or has an unknown form.'),
  JOB_UNKNOWN: input('No job of that name is running here.'),
  JOB_AMBIGUOUS: input('More than one job has a name that begins so.'),
  SERVICE_UNSUPPORTED: host('launchd, which runs the service, exists on macOS only.'),
  SERVICE_FAILED: host('launchd did not do what was asked of it.'),
  SERVICE_STILL_STOPPING: hostRetry('The service that runs now is still finishing its jobs.'),
  IMAGE_EXISTS: host('A golden image of that name exists already.'),
  IMAGE_IN_USE: hostRetry('Machines made from this golden image exist, or another process works on it.'),
  IMAGE_NOT_OURS: host('What has that name is no golden image that perry-ship has built.'),
  IMAGE_BUILD_TIMED_OUT: hostRetry('A step of the build of a golden image did not end before its deadline.'),
  IMAGE_TOOLS_MISSING: host('Programs that build a golden image are not installed.'),
  IMAGE_BUILD_FAILED: host('A golden image could not be built.'),
  UPLOAD_STALLED: upstream('The hub took no more of the artifact, or did not confirm it, for too long.'),
  // the assignment: manifest and credentials
  MANIFEST_INVALID: input(
    'The manifest of the job lacks a field, or a field has a form that cannot be used.',
  ),
  TARGET_UNKNOWN: input('The job does not have exactly one target that this worker signs for.'),
  CREDENTIAL_INVALID: input('A credential of the job has a form that cannot be used.'),
  CREDENTIAL_MISSING: input('The job asks for something that needs a credential which was not sent.'),
  // the bundle archive
  BUNDLE_BASE64_CORRUPT: upstream('The base64 text of the bundle is damaged or cut short.'),
  BUNDLE_NOT_ARCHIVE: upstream('What the hub delivered as the bundle is neither a tar.gz nor a zip.'),
  BUNDLE_CORRUPT: upstream(
    "The bundle's archive is damaged or cut short: a checksum or its structure does not hold.",
  ),
  BUNDLE_TOO_LARGE: input('The bundle has more bytes or entries than this worker accepts.'),
  BUNDLE_PATH_UNSAFE: input(
    'A name in the bundle or its archive is absolute, leads upwards, or cannot be written or sealed as it is.',
  ),
  BUNDLE_NAME_COLLISION: input('Two names in the bundle or its archive are one and the same name on a Mac.'),
  BUNDLE_ENTRY_UNSUPPORTED: input(
    "The bundle's archive has a link to nothing, a device or another kind of entry that no bundle has.",
  ),
  BUNDLE_MISSING: input(
    "The archive has no app bundle where it should be; often it is the project's source.",
  ),
  BUNDLE_AMBIGUOUS: input('The archive has more than one app bundle.'),
  BUNDLE_NOT_A_FOLDER: input('What is named like an app bundle is a file or a link.'),
  // the bundle: Info.plist, Mach-O, icons
  BUNDLE_EXECUTABLE_IS_SCRIPT: input(
    'The main executable of the app is a script, which cannot hold a signature.',
  ),
  PLIST_INVALID: input(
    'A property list of the bundle or the credentials cannot be read, or is beyond a limit.',
  ),
  BUNDLE_INFO_PLIST_MISSING: input('The bundle has no Info.plist where its layout wants it.'),
  BUNDLE_INFO_PLIST_INCOMPLETE: input(
    'The Info.plist lacks a key that signing needs, or the key has a bad value.',
  ),
  BUNDLE_ID_MISMATCH: input('CFBundleIdentifier of the bundle is not the bundle_id of the manifest.'),
  BUNDLE_EXECUTABLE_MISSING: input('The file that CFBundleExecutable names is not in the bundle.'),
  BUNDLE_EXECUTABLE_INVALID: input('The main executable is not a program that can be signed.'),
  BUNDLE_PLATFORM_WRONG: input('Code in the bundle was built for another platform, e.g. for a simulator.'),
  BUNDLE_ARCHITECTURE_WRONG: input(
    'Code in the bundle is for a processor that the platform does not run on.',
  ),
  BUNDLE_ENCRYPTED: input('Code in the bundle is encrypted (FairPlay), so that it cannot be signed again.'),
  BUNDLE_REMARK: input('Something in the bundle is signed otherwise than its sender may expect.'),
  BUNDLE_PLACE_WRONG: input('Something lies where Apple does not allow it in a bundle.'),
  BUNDLE_LINKS_LOST: input('A framework of the bundle has lost the symbolic links that it is made of.'),
  BUNDLE_LINK_DANGLING: input('A symbolic link in the bundle leads nowhere.'),
  BUNDLE_SCRIPT_EXECUTABLE: input('An app for the App Store of iOS has a script that may be executed.'),
  ARCHIVED_CODE_UNSIGNED: input(
    'An archive in the app holds code whose signature is missing or not enough to be notarized.',
  ),
  EXTENSION_POINT_MISSING: input('An app extension does not say what it extends.'),
  BUNDLE_ID_DUPLICATE: input('Two bundles of the app have the same bundle identifier.'),
  BUNDLE_NESTED_ID_WRONG: input("The identifier of an app extension does not begin with the app's."),
  BUNDLE_NESTED_VERSION_WRONG: input('An app extension has another version than the app.'),
  BUNDLE_VERSION_INVALID: input('A version or build number is missing, or has a form that Apple refuses.'),
  BUNDLE_INFO_KEY_MISSING: input('The Info.plist lacks a key that the destination of the app asks for.'),
  BUNDLE_INFO_KEY_INVALID: input('A key of the Info.plist has a value that Apple refuses.'),
  BUNDLE_PLATFORM_UNKNOWN: input('The main executable does not say which platform it was built for.'),
  BUNDLE_MINIMUM_OS_WRONG: input('The Info.plist promises an older system than the code was built for.'),
  BUNDLE_SDK_OLD: input('The app was built with an older SDK than Apple takes today.'),
  SWIFT_LIBRARIES_MISSING: input(
    'The code needs Swift libraries that its oldest system does not have, and the bundle does not hold them.',
  ),
  SWIFT_SUPPORT_WRONG: input(
    'The app embeds Swift libraries, and their originals are not beside it as the App Store wants them.',
  ),
  BUNDLE_NOT_POSITION_INDEPENDENT: input('The main executable is not position independent.'),
  PURPOSE_STRING_MISSING: input(
    'The Info.plist has no text that tells the user why the app needs a protected resource.',
  ),
  PRIVACY_MANIFEST_INVALID: input('A privacy manifest is not as Apple describes it.'),
  ICON_TRANSPARENT: input('The picture of the app icon has an alpha channel, which iOS icons may not have.'),
  ICON_MISSING: input('The app has no icon that a store build can be made with.'),
  ICON_NOT_SQUARE: input('The picture of the app icon is not square.'),
  ICON_TOO_SMALL: input('The picture of the app icon has less than 1024 by 1024 pixels.'),
  ICON_UNREADABLE: input('The picture of the app icon cannot be read as PNG.'),
  ASSET_CATALOG_MALFORMED: input('A compiled asset catalog of the bundle does not follow the format.'),
  BUNDLE_LINK_OUTSIDE: input('A symbolic link in the bundle leads out of it, or lies where a file must be.'),
  MACHO_INVALID: input('A Mach-O file of the bundle is truncated or malformed.'),
  // signing identity, provisioning profile, entitlements
  P12_INVALID: input('The certificate file is not a PKCS#12 file that can be read.'),
  P12_PASSWORD_WRONG: input('The password does not open the PKCS#12 file.'),
  P12_KEY_MISSING: input('The PKCS#12 file holds no private key.'),
  P12_KEY_MISMATCH: input('No private key of the PKCS#12 file belongs to one of its certificates.'),
  CERTIFICATE_EXPIRED: input('The signing certificate has expired.'),
  CERTIFICATE_NOT_YET_VALID: input('The signing certificate is not valid yet.'),
  CERTIFICATE_KEY_UNSUPPORTED: input(
    'The key of the signing certificate is of a kind that code is not signed with.',
  ),
  CERTIFICATE_KIND_WRONG: input('The certificate cannot be used for this destination.'),
  CERTIFICATE_NOT_APPLE: input('The certificate was not issued by Apple.'),
  CERTIFICATE_AMBIGUOUS: input('Several identities of the PKCS#12 file match; one was chosen.'),
  IDENTITY_NAME_UNKNOWN: input('The PKCS#12 file holds no identity of the name that was asked for.'),
  TEAM_MISMATCH: input('The team of the job is not the team of its certificate or provisioning profile.'),
  PROFILE_INVALID: input('The provisioning profile cannot be read.'),
  PROFILE_MISSING: input('A provisioning profile is needed and was not given.'),
  PROFILE_CHANGED: input('The provisioning profile was changed after it was signed.'),
  PROFILE_SIGNATURE_WRONG: input('The signature of the provisioning profile does not hold.'),
  PROFILE_UNTRUSTED: input('The provisioning profile was not signed by Apple.'),
  PROFILE_KIND_WRONG: input('The provisioning profile cannot be used for this destination.'),
  PROFILE_UNUSED: input('The provisioning profile goes into nothing that is signed.'),
  PROFILE_EXPIRES_SOON: input('The provisioning profile expires within a week.'),
  PROFILE_EXPIRED: input('The provisioning profile has expired.'),
  PROFILE_BUNDLE_ID_MISMATCH: input('The provisioning profile is for another bundle identifier.'),
  PROFILE_PLATFORM_MISMATCH: input('The provisioning profile is for another platform.'),
  PROFILE_CERTIFICATE_MISSING: input('The provisioning profile does not list the signing certificate.'),
  ENTITLEMENT_NOT_ALLOWED: input(
    'The provisioning profile does not allow an entitlement that the job asks for.',
  ),
  ENTITLEMENT_DOUBTFUL: input(
    'An entitlement is left out of the signature, or may keep the app from starting.',
  ),
  ENTITLEMENT_TEAM_WRONG: input('An entitlement belongs to another team than the app is signed for.'),
  SANDBOX_MISSING: input('An executable of an app for the Mac App Store is not sandboxed.'),
  // signing and packaging
  DMG_NAME_UNSUPPORTED: input('A file name of the bundle cannot be stored on a disk image.'),
  DMG_NAME_COLLISION: input(
    'Two names in one folder differ only by case or accents; a disk image holds one of them.',
  ),
  DMG_ENTRY_INVALID: input('An item of the bundle cannot be put onto a disk image.'),
  DMG_TOO_LARGE: input('The bundle does not fit a disk image that can be signed.'),
  DMG_CORRUPT: defect('A disk image is damaged, or not what it says it is.'),
  ARTIFACT_NOT_WRITTEN: input('The finished artifact could not be put where it was asked for.'),
  PACKAGE_CORRUPT: input('An installer package is damaged, or not what it says it is.'),
  ARTIFACT_UNKNOWN: input('What is to be verified does not exist, or is of no kind that can be verified.'),
  TOOLCHAIN_LACKS_PRODUCTBUILD: host(
    "The job needs an installer package, which only Apple's productbuild makes, and the machine has none.",
  ),
  XCODE_TOOL_MISSING: host(
    "One of Apple's tools is not in the golden image, or Xcode there is not ready to be used.",
  ),
  XCODE_TOOL_FAILED: hostRetry(
    "One of Apple's tools in the machine ended in a way that says nothing about the job.",
  ),
  ASSET_CATALOG_FAILED: defect("Apple's actool did not compile the app icon, or left a part of it out."),
  DISK_IMAGE_BUSY: hostRetry("Apple's hdiutil found the volume of a new disk image busy at every try."),
  DISK_IMAGE_FAILED: hostRetry("Apple's hdiutil did not make a disk image."),
  PRODUCT_ARCHIVE_FAILED: hostRetry("Apple's productbuild did not make an installer package."),
  DMG_UNSUPPORTED: input('A disk image uses a format that the worker cannot read.'),
  IPA_INVALID: defect('The finished .ipa does not read back as one that can be installed.'),
  BUNDLE_CHANGED: defect('A file of the bundle changed while it was being packaged.'),
  RCODESIGN_MISSING: host('rcodesign is not installed, and could be neither downloaded nor built.'),
  RCODESIGN_UNUSABLE: host('The rcodesign that PERRY_RCODESIGN names cannot be run or has another version.'),
  SIGN_TIMESTAMP_UNAVAILABLE: upstream('The time-stamp server did not give a time stamp for a signature.'),
  SIGN_TIMESTAMP_URL_INVALID: host('The address of the time-stamp server cannot be used.'),
  SIGN_KEY_REJECTED: input('The certificate and key of the signing identity cannot make a signature.'),
  SIGN_BINARY_UNSUITABLE: input('A binary of the bundle has a form that cannot carry a signature.'),
  SIGN_LAYOUT_UNSUITABLE: input('The bundle is laid out in a way that cannot be signed.'),
  SIGN_UNSEALED: input(
    'A file lies where only signed code may lie, and would not be covered by the signature.',
  ),
  SIGN_FAILED: defect('rcodesign or codesign ended with an error that the worker does not know.'),
  SIGNATURE_INVALID: defect('A signature that was just made does not hold.'),
  SIGNATURE_MALFORMED: input('A code signature, or the file that carries it, does not follow the format.'),
  CODE_FORMAT_UNKNOWN: input(
    'A file that should carry a code signature is neither a Mach-O file nor a disk image.',
  ),
  SIGNED_FILE_UNREADABLE: host('A file of a signed bundle could not be read from the disk of this host.'),
  // virtual machine and guest
  VM_IMAGE_MISSING: host('The golden image that machines are cloned from does not exist on this host.'),
  VM_IMAGE_UNUSABLE: host('The golden image is damaged, or is made for another kind of host.'),
  VM_HOST_NOT_READY: host(
    'This host cannot run virtual machines as it is; an operator must change something.',
  ),
  VM_LIMIT_REACHED: hostRetry('This host runs as many macOS guests as macOS allows.'),
  VM_DISK_FULL: hostRetry('The disk that virtual machines are cloned onto has too little space.'),
  VM_LIST_FAILED: hostRetry('The virtual machines of this host could not be listed.'),
  VM_IDENTITY_UNPROVEN: hostRetry(
    'Who answers over SSH could not be shown to be the machine that was started.',
  ),
  VM_CLONE_FAILED: hostRetry('The golden image could not be cloned.'),
  VM_START_FAILED: hostRetry('The clone could not be started.'),
  VM_NOT_LOCATED: hostRetry('The address of the machine is not known yet.'),
  VM_STOP_FAILED: hostRetry('The machine could not be powered off.'),
  VM_DELETE_FAILED: hostRetry('The clone could not be removed.'),
  CLUSTER_UNREACHABLE: hostRetry('The controller of the cluster did not answer.'),
  CLUSTER_REFUSED: host('The controller of the cluster refused a request of this worker.'),
  CLUSTER_ANSWER_INVALID: host('The controller of the cluster answered in a form that is not known.'),
  CLUSTER_FULL: hostRetry('No Mac of the cluster took a machine before its deadline.'),
  GUEST_UNREACHABLE: hostRetry('The machine has an address, but SSH did not answer there.'),
  GUEST_HOST_KEY_MISMATCH: host('The machine presented another SSH host key than the pinned one.'),
  GUEST_AUTH_REFUSED: host('The machine refused the SSH credentials of the daemon.'),
  GUEST_EXEC_REFUSED: hostRetry('The machine did not start a command over a working SSH connection.'),
  GUEST_FORWARD_REFUSED: host('The machine does not forward a port over SSH, by which it gets time stamps.'),
  GUEST_LOST: hostRetry('The connection to the machine ended while a command was running.'),
  GUEST_DISK_FULL: host('The disk of the machine is too small for what the job has and makes.'),
  GUEST_TRANSFER_FAILED: hostRetry('Files could not be copied into or out of the machine.'),
  GUEST_OUTPUT_REFUSED: hostRetry(
    'The machine sent back files that were not asked for, or in a form that is not safe.',
  ),
  GUEST_OUTPUT_ALTERED: hostRetry(
    'What the machine made is not what was sent into it, plus the signatures that were asked for.',
  ),
  GUEST_OUTPUT_TOO_LARGE: hostRetry('The machine sent back more than the limit allows.'),
  // hub: download and upload
  HUB_UNREACHABLE: upstream('The WebSocket connection to the hub could not be opened.'),
  HUB_CONNECTION_LOST: upstream('The connection to the hub ended before a message was handed over.'),
  HUB_URL_REFUSED: host('The hub named an address that the token of a job must not be sent to.'),
  HUB_JOB_NOT_OURS: {
    ...upstream('The hub gave the job to somebody else, or forgot it; the run is dropped without a result.'),
    retryable: false,
  },
  HUB_REFUSED: {
    ...upstream('The hub, or a proxy in front of it, refused a download or an upload for good.'),
    retryable: false,
  },
  BUNDLE_NOT_FOUND: { ...upstream('The hub has no bundle for the job.'), retryable: false },
  HUB_UNAVAILABLE: upstream('The hub did not answer, or answered with a server error, after every retry.'),
  // Apple's services: API key, notarization, stapling
  STORE_APP_UNKNOWN: input('App Store Connect has no app record for the bundle identifier.'),
  STORE_REJECTED: input('App Store Connect does not take the build.'),
  STORE_DUPLICATE: input('App Store Connect has a build of this number already, and it is not of this job.'),
  STORE_UPLOAD_UNKNOWN: upstream('App Store Connect does not know the upload that was reserved.'),
  STORE_PART_EXPIRED: upstream('The address that Apple gave for a part of the file has expired.'),
  STORE_TIMED_OUT: upstream('App Store Connect did not answer before the deadline.'),
  STORE_COMMIT_UNCLEAR: upstream('It is not known whether App Store Connect has the build.'),
  APPLE_API_KEY_INVALID: input('The App Store Connect API key that was sent is not a P-256 private key.'),
  APPLE_AUTH_REFUSED: input('Apple does not accept the App Store Connect API key, or not for this.'),
  HOST_CLOCK_WRONG: host('The clock of this host is so wrong that Apple refuses what it signs.'),
  APPLE_AGREEMENT_MISSING: input('An agreement with Apple has not been accepted, or has expired.'),
  APPLE_UNAVAILABLE: upstream("One of Apple's services did not answer, or asked to be asked again later."),
  APPLE_REFUSED: {
    ...upstream("One of Apple's services refused a request for good."),
    retryable: false,
  },
  APPLE_ANSWER_INVALID: upstream("One of Apple's services answered in a form that is not documented."),
  APPLE_URL_REFUSED: host("An address of one of Apple's services must not be spoken to."),
  NOTARY_SUBMISSION_UNKNOWN: upstream("Apple's notary service does not know the submission."),
  NOTARY_ALREADY_SUBMITTED: upstream('Another run has submitted the same file to the notary service.'),
  NOTARY_UPLOAD_EXPIRED: upstream('The temporary permission to upload to the notary service has ended.'),
  NOTARY_LOG_MISSING: upstream("Apple's notary service has no log of the submission yet."),
  NOTARY_REJECTED: input('Apple checked the app and did not notarize it.'),
  NOTARY_TIMED_OUT: upstream('Apple gave no answer about the notarization before a deadline.'),
  NOTARY_JOURNAL_FAILED: host('The journal of notarizations could not be read or written.'),
  TICKET_NOT_FOUND: upstream("Apple's ticket service has no ticket for the code yet."),
  STAPLE_FAILED: defect('A notarization ticket could not be attached to what was notarized.'),
} as const satisfies Record<string, CodeEntry>;

export type FailureCode = keyof typeof failureCodes;
