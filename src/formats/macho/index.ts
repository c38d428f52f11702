export { type CpuSize, cpuSizes } from './cpu-sizes.ts';
export { hasMachOMagic, isMachO } from './header.ts';
export { importedClasses } from './imported-classes.ts';
export { inspectMachO } from './inspect.ts';
export { withPresentSignatures } from './present-signature.ts';
export type {
  ByteSource,
  MachOBuild,
  MachOFacts,
  MachOFileType,
  MachOPlatform,
  MachOSlice,
} from './types.ts';
