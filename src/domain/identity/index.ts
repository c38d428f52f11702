export { type Certificate, type CertificateKind, day, readCertificate } from './certificate.ts';
export {
  type ChosenIdentity,
  chooseIdentity,
  FITTING_KINDS,
  type IdentityChoice,
  type IdentityPurpose,
  kindsOf,
} from './choose-identity.ts';
export { certificatePem, identityPem } from './identity-pem.ts';
export {
  forgetKeys,
  forgetPrepared,
  inspectP12,
  openP12,
  type P12Contents,
  type P12Inspection,
  prepareP12,
  type SigningIdentity,
} from './p12.ts';
