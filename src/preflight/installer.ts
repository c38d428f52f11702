import { wording } from '../../machines/contracts/wording.ts';
import { chooseIdentity, type IdentityPurpose, type SigningIdentity } from '../domain/identity/index.ts';
import type { SignPass } from '../domain/plan.ts';
import { type P12File, words } from '../words.ts';
import { CERTIFICATE_NAMES, certificateFindings } from './certificates.ts';
import { type Finding, finding } from './finding.ts';
import type { Context, PreflightCredentials } from './input.ts';
import type { Keyring } from './keyring.ts';

interface PackageInput {
  readonly context: Context;
  readonly credentials: PreflightCredentials;
  readonly pass: SignPass;
}

/**
 * An installer package is signed with a certificate for exactly that: the Mac App Store takes no other (ITMS-90237), and
 * what is distributed directly wants another one than the store.
 */
export function installerFindings(
  { context, credentials, pass }: PackageInput,
  keyring: Keyring,
): { readonly findings: readonly Finding[]; readonly identity?: SigningIdentity } {
  const { installerPurpose: purpose } = pass;
  if (purpose === undefined) return { findings: [] };
  const files = openedFiles(credentials, pass, keyring);
  const choices = files.flatMap(({ name, contents }) =>
    contents ? [{ name, chosen: chooseIdentity(contents, { purpose, now: context.now }) }] : [],
  );
  const fitting = choices.find(({ chosen }) => chosen.fit === 'fits');
  // a file that was given for it is judged, whatever is in it
  const { chosen } = fitting ?? choices.find(({ name }) => name === 'installer') ?? {};
  if (!chosen) {
    const isTold = choices.length < files.length || (files.length === 0 && pass.p12 !== undefined);
    return { findings: context.wantsInstaller && !isTold ? [missing(purpose)] : [] };
  }
  const { teamId } = credentials;
  const use = { chosen, purpose, ...(teamId !== undefined && { teamId }) };
  return { findings: certificateFindings(context, use), identity: chosen.identity };
}

/** The file that was given for it, then those of the app: an export of everything that the owner has holds it as well. */
function openedFiles(credentials: PreflightCredentials, pass: SignPass, keyring: Keyring) {
  const names = new Set<P12File>(['installer', pass.p12 ?? 'main', 'main']);
  return [...names].flatMap((name) => {
    const supplied = credentials[name];
    return supplied ? [{ name, contents: keyring.open(supplied, name) }] : [];
  });
}

const missing = (purpose: IdentityPurpose): Finding =>
  finding('CREDENTIAL_MISSING', 'error', {
    ...(purpose === 'macos-store-installer'
      ? {
          summary: 'The app cannot go to the Mac App Store without an installer certificate.',
          reason: 'Apple takes a signed installer package (.pkg), and no such certificate was given.',
        }
      : {
          summary: 'The installer package of the app cannot be signed without an installer certificate.',
          reason: 'Macs install only a signed package (.pkg), and no such certificate was given.',
        }),
    nextStep: wording`${words.configure} ${words.installerCertificate}, of the kind "${CERTIFICATE_NAMES[purpose]}".`,
  });
