import { wording } from '../../machines/contracts/wording.ts';
import { chooseIdentity, type SigningIdentity } from '../domain/identity/index.ts';
import { words } from '../words.ts';
import { certificateFindings } from './certificates.ts';
import { type Finding, finding } from './finding.ts';
import type { Context, PreflightCredentials } from './input.ts';
import type { Keyring } from './keyring.ts';

const purpose = 'macos-store-installer';

/** ITMS-90237: the Mac App Store takes an installer package, signed with a certificate for exactly that. */
export function installerFindings(
  context: Context,
  { main, installer, teamId }: PreflightCredentials,
  keyring: Keyring,
): { readonly findings: readonly Finding[]; readonly identity?: SigningIdentity } {
  if (context.platform !== 'macos' || !context.toStore) return { findings: [] };
  const supplied = installer ?? main;
  const contents = supplied && keyring.open(supplied, installer ? 'installer' : 'main');
  if (!contents) return { findings: [] };
  const chosen = chooseIdentity(contents, { purpose, now: context.now });
  // an export of everything that the owner has may hold it as well
  if (!installer && chosen.fit !== 'fits') return { findings: context.wantsInstaller ? [missing] : [] };
  const use = { chosen, purpose, ...(teamId !== undefined && { teamId }) } as const;
  return { findings: certificateFindings(context, use), identity: chosen.identity };
}

const missing = finding('CREDENTIAL_MISSING', 'error', {
  summary: 'The app cannot go to the Mac App Store without an installer certificate.',
  reason: 'Apple takes a signed installer package (.pkg), and no such certificate was given.',
  nextStep: wording`${words.configure} ${words.installerCertificate}, of the kind "Mac Installer Distribution".`,
});
