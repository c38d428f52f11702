import { forgetKeys, inspectP12, openP12 } from '../domain/identity/index.ts';
import type { IdentityReport } from '../domain/identity/report.ts';
import { ShipError } from '../errors.ts';
import type { ListIdentitiesCall, P12Call } from '../run/channel/inquiries.ts';
import { identityReport } from './identity-report.ts';

/** A file that is broken is opened by every password: whoever uses it says what is wrong with it. */
export async function tryPassword({ p12Base64, password }: P12Call): Promise<boolean> {
  try {
    forgetKeys(openP12(Buffer.from(p12Base64, 'base64'), password));
    return true;
  } catch (error) {
    return !(error instanceof ShipError && error.code === 'P12_PASSWORD_WRONG');
  }
}

/** @throws ShipError P12_INVALID · P12_PASSWORD_WRONG */
export async function listIdentities(call: ListIdentitiesCall): Promise<IdentityReport> {
  const contents = inspectP12(Buffer.from(call.p12Base64, 'base64'), call.password);
  forgetKeys(contents);
  const trustRoots = call.trustRootsBase64.map((root) => Buffer.from(root, 'base64'));
  return identityReport(contents, { now: new Date(), trustRoots });
}
