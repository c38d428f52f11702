/** What the headers of a Mach-O file say, as plain data. Layout: Apple's <mach-o/loader.h> and <mach-o/fat.h>. */
export interface MachOFacts {
  /** True for a universal file; such a one can hold a single slice. */
  readonly fat: boolean;
  readonly slices: readonly MachOSlice[];
}

export interface MachOSlice {
  readonly offset: number;
  readonly sizeBytes: number;
  /** As `lipo -archs` prints it; `cpu-<number>` when unknown. */
  readonly architecture: string;
  readonly fileType: MachOFileType;
  /** One as a rule, two in a zippered library (macOS and Catalyst), none in what an old or odd linker made. */
  readonly builds: readonly MachOBuild[];
  /** The embedded signature (also a linker's ad hoc one), relative to the start of the slice. */
  readonly signature?: { readonly offset: number; readonly sizeBytes: number };
  /** True when a part is FairPlay-encrypted (`cryptid` is not 0). */
  readonly encrypted: boolean;
  /** The MH_PIE flag. */
  readonly positionIndependent: boolean;
  /** Install names of the libraries it links. */
  readonly dylibs: readonly string[];
  /** The section __TEXT,__info_plist, relative to the start of the slice: the Info.plist of code without a bundle. */
  readonly infoPlist?: { readonly offset: number; readonly sizeBytes: number };
  /** Why no signature could be put into this slice; absent when one can. */
  readonly unsealableReason?: string;
  /** Why the signature that it has is in the way of a new one; said only where it was read. */
  readonly signatureFault?: string;
  /** There is room for a signature, with nothing but zeros in it; said only where it was read. */
  readonly hasEmptyRoom?: boolean;
  /** The signature that it has names entitlements; said only where it was read. */
  readonly hasEntitlements?: boolean;
}

export interface MachOBuild {
  readonly platform: MachOPlatform;
  /** e.g. `13.0`; the oldest system it runs on. */
  readonly minimumOs: string;
  /** e.g. `14.2`; `0.0` when the linker was not told. */
  readonly sdk: string;
}

export type MachOFileType = 'object' | 'execute' | 'dylib' | 'dylinker' | 'bundle' | 'dsym' | 'other';

export type MachOPlatform =
  | 'macos'
  | 'ios'
  | 'tvos'
  | 'watchos'
  | 'bridgeos'
  | 'maccatalyst'
  | 'ios-simulator'
  | 'tvos-simulator'
  | 'watchos-simulator'
  | 'driverkit'
  | 'visionos'
  | 'visionos-simulator'
  | 'unknown';

/** Ranged reads, so that a file of gigabytes costs a few kilobytes. */
export interface ByteSource {
  readonly sizeBytes: number;
  /** Exactly `length` bytes; the caller never asks beyond `sizeBytes`. */
  read(offset: number, length: number): Promise<Buffer>;
}

export class MachOFault extends Error {}
