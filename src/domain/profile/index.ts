export { parseProfile } from './parse.ts';
export {
  coversBundleId,
  isForIos,
  isForMac,
  type ProfileKind,
  type ProvisioningProfile,
  profileKind,
} from './profile.ts';
export { needsOwnProfile, sharingProfile } from './shared-profile.ts';
export { checkProfileSignature, type ProfileSignature } from './signature.ts';
export { isIssuedByApple } from './trust.ts';
