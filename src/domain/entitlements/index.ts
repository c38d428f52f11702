export { deriveEntitlements } from './derive.ts';
export type { DerivedEntitlements, EntitlementsInput } from './input.ts';
export { type NestedEntitlementsInput, nestedEntitlements } from './nested.ts';
