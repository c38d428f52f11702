export { type CheckOptions, type CodeReport, checkSignature } from './check-signature.ts';
export {
  type DmgSignature,
  type MachOSignature,
  readDmgSignature,
  readMachOSignature,
  type SliceSignature,
} from './read-signature.ts';
export { checkSealedBundle, type SealOptions, type SealReport } from './sealed-bundle.ts';
export type { SignatureFacts } from './signature-facts.ts';
