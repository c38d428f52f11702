export { checkProfile, coversBundleId, type ProfileUse } from './check.ts';
export { parseProfile } from './parse.ts';
export { isForIos, isForMac, type ProfileKind, type ProvisioningProfile, profileKind } from './profile.ts';
