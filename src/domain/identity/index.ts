export {
  type Certificate,
  type CertificateKind,
  day,
  readCertificate,
} from '../../formats/pkcs12/certificate.ts';
export {
  forgetKeys,
  forgetPrepared,
  inspectP12,
  openP12,
  type P12Contents,
  type P12Inspection,
  prepareP12,
  type SigningIdentity,
} from '../../formats/pkcs12/p12.ts';
export {
  type ChosenIdentity,
  chooseIdentity,
  FITTING_KINDS,
  type IdentityChoice,
  type IdentityPurpose,
  kindsOf,
} from './choose-identity.ts';
export { certificatePem, identityPem } from './identity-pem.ts';
