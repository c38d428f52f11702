export { KEY_TYPES, PURPOSE_NAMES } from './certificates.ts';
export { keysOf } from './credentials.ts';
export type { PassMaterial } from './examine-pass.ts';
export { errorOf, type Finding, finding, findingOf, type Severity } from './finding.ts';
export type {
  PreflightCredentials,
  PreflightInput,
  PreflightTarget,
  PreflightWishes,
} from './input.ts';
export { type PlannedJob, plannedInput } from './planned.ts';
export { type Examination, examine, inOrder, preflight } from './preflight.ts';
