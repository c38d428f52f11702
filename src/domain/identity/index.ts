export { type Certificate, type CertificateKind, readCertificate } from './certificate.ts';
export { checkCertificateTeam } from './check-team.ts';
export { type ChosenIdentity, chooseIdentity, type IdentityChoice } from './choose-identity.ts';
export { certificatePem, identityPem } from './identity-pem.ts';
export { forgetKeys, openP12, type P12Contents, type SigningIdentity } from './p12.ts';
