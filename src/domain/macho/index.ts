export { hasMachOMagic, isMachO } from './header.ts';
export { inspectMachO } from './inspect.ts';
export type {
  ByteSource,
  MachOBuild,
  MachOFacts,
  MachOFileType,
  MachOPlatform,
  MachOSlice,
} from './types.ts';
