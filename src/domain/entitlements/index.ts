export { isTemplate } from './allowed.ts';
export { deriveEntitlements } from './derive.ts';
export type { DerivedEntitlements, EntitlementsInput } from './input.ts';
export { isFree as needsNoProfile } from './macos.ts';
export { type NestedEntitlementsInput, nestedEntitlements } from './nested.ts';
export { hasVariables } from './sidecar.ts';
export { unwritableKey } from './writable.ts';
