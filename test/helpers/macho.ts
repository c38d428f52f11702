/**
 * Mach-O files made byte by byte, small but sound enough to be signed by rcodesign and read by llvm-objdump; no
 * compiler is needed.
 */

const PLATFORM_IDS = { macos: 1, ios: 2, watchos: 4, maccatalyst: 6, 'ios-simulator': 7 } as const;
const CPU_TYPES = { arm64: [0x0100000c, 0], x86_64: [0x01000007, 3] } as const;
const FILE_TYPES = { object: 1, execute: 2, dylib: 6, bundle: 8 } as const;
const PAGE_BYTES = 0x4000;
const INFO_PLIST_OFFSET = 0x2000;

export interface MachOOptions {
  readonly architecture?: keyof typeof CPU_TYPES;
  readonly fileType?: keyof typeof FILE_TYPES;
  /** `null` leaves LC_BUILD_VERSION out. */
  readonly platform?: keyof typeof PLATFORM_IDS | null;
  readonly minimumOs?: string;
  readonly sdk?: string;
  readonly encrypted?: boolean;
  readonly dylibs?: readonly string[];
  /** Put into the text, so that files differ. */
  readonly text?: string;
  /** Length of __TEXT, rounded up to a page. */
  readonly textBytes?: number;
  /** Content of a section __TEXT,__info_plist, 8 KiB at most. */
  readonly infoPlist?: Buffer;
  /** False makes a file that cannot be sealed. */
  readonly linkedit?: boolean;
}

export function buildMachO(options: MachOOptions = {}): Buffer {
  const {
    architecture = 'arm64',
    fileType = 'execute',
    platform = 'macos',
    minimumOs = '13.0',
    sdk = '14.2',
  } = options;
  const textBytes = Math.max(1, Math.ceil((options.textBytes ?? PAGE_BYTES) / PAGE_BYTES)) * PAGE_BYTES;
  const linkeditBytes = 16;
  const isProgram = fileType === 'execute';
  const commands = [
    ...(isProgram ? [segment('__PAGEZERO', { vmSize: 0x100000000 })] : []),
    segment('__TEXT', {
      vmAddress: 0x100000000,
      fileBytes: textBytes,
      protection: 5,
      sections: [
        { name: '__text', offset: 0x1000, bytes: 64 },
        ...(options.infoPlist
          ? [{ name: '__info_plist', offset: INFO_PLIST_OFFSET, bytes: options.infoPlist.length }]
          : []),
      ],
    }),
    ...(options.linkedit === false
      ? []
      : [
          segment('__LINKEDIT', {
            vmAddress: 0x100000000 + textBytes,
            fileOffset: textBytes,
            fileBytes: linkeditBytes,
            protection: 1,
          }),
        ]),
    options.linkedit === false ? words(0x2, 24, 0, 0, 0, 0) : words(0x2, 24, textBytes, 0, textBytes + 8, 8),
    ...(platform === null
      ? []
      : [words(0x32, 24, PLATFORM_IDS[platform], version(minimumOs), version(sdk), 0)]),
    ...(isProgram ? [words(0x80000028, 24, 0x1000, 0, 0, 0)] : [dylib(0xd, '@rpath/libfixture.dylib')]),
    ...(options.dylibs ?? ['/usr/lib/libSystem.B.dylib']).map((name) => dylib(0xc, name)),
    ...(options.encrypted === undefined
      ? []
      : [words(0x2c, 24, PAGE_BYTES, PAGE_BYTES, options.encrypted ? 1 : 0, 0)]),
  ];
  const commandBytes = Buffer.concat(commands);
  const [cpuType, subtype] = CPU_TYPES[architecture];
  const header = words(
    0xfeedfacf,
    cpuType,
    subtype,
    FILE_TYPES[fileType],
    commands.length,
    commandBytes.length,
    0x200085,
    0,
  );
  const file = Buffer.alloc(textBytes + (options.linkedit === false ? 0 : linkeditBytes));
  Buffer.concat([header, commandBytes]).copy(file);
  file.write((options.text ?? 'fixture').slice(0, 64), 0x1000, 'latin1');
  options.infoPlist?.copy(file, INFO_PLIST_OFFSET);
  return file;
}

/** A universal file of the given thin ones. */
export function buildFatMachO(slices: readonly Buffer[]): Buffer {
  const header = Buffer.alloc(8 + slices.length * 20);
  header.writeUInt32BE(0xcafebabe, 0);
  header.writeUInt32BE(slices.length, 4);
  const parts: Buffer[] = [header];
  let length = header.length;
  slices.forEach((slice, i) => {
    const padding = (PAGE_BYTES - (length % PAGE_BYTES)) % PAGE_BYTES;
    parts.push(Buffer.alloc(padding), slice);
    length += padding;
    [slice.readUInt32LE(4), slice.readUInt32LE(8), length, slice.length, 14].forEach((word, j) => {
      header.writeUInt32BE(word, 8 + i * 20 + j * 4);
    });
    length += slice.length;
  });
  return Buffer.concat(parts);
}

interface SegmentOptions {
  readonly vmAddress?: number;
  readonly vmSize?: number;
  readonly fileOffset?: number;
  readonly fileBytes?: number;
  readonly protection?: number;
  readonly sections?: readonly { readonly name: string; readonly offset: number; readonly bytes: number }[];
}

function segment(name: string, options: SegmentOptions): Buffer {
  const { vmAddress = 0, fileOffset = 0, fileBytes = 0, protection = 0, sections = [] } = options;
  const vmSize = options.vmSize ?? Math.ceil(fileBytes / PAGE_BYTES) * PAGE_BYTES;
  const bytes = Buffer.alloc(72 + sections.length * 80);
  bytes.writeUInt32LE(0x19, 0);
  bytes.writeUInt32LE(bytes.length, 4);
  bytes.write(name, 8, 'latin1');
  [vmAddress, vmSize, fileOffset, fileBytes].forEach((value, i) => {
    bytes.writeBigUInt64LE(BigInt(value), 24 + i * 8);
  });
  [protection, protection, sections.length, 0].forEach((value, i) => {
    bytes.writeUInt32LE(value, 56 + i * 4);
  });
  sections.forEach((section, i) => {
    const at = 72 + i * 80;
    bytes.write(section.name, at, 'latin1');
    bytes.write(name, at + 16, 'latin1');
    bytes.writeBigUInt64LE(BigInt(vmAddress + section.offset), at + 32);
    bytes.writeBigUInt64LE(BigInt(section.bytes), at + 40);
    bytes.writeUInt32LE(section.offset, at + 48);
    if (section.name === '__text') bytes.writeUInt32LE(0x80000400, at + 64);
  });
  return bytes;
}

function dylib(command: number, name: string): Buffer {
  const length = Math.ceil((24 + name.length + 1) / 8) * 8;
  const bytes = Buffer.alloc(length);
  words(command, length, 24, 0, 0x10000, 0x10000).copy(bytes);
  bytes.write(name, 24, 'latin1');
  return bytes;
}

const words = (...values: number[]): Buffer => {
  const bytes = Buffer.alloc(values.length * 4);
  values.forEach((value, i) => {
    bytes.writeUInt32LE(value, i * 4);
  });
  return bytes;
};

const version = (text: string): number => {
  const [major = 0, minor = 0, patch = 0] = text.split('.').map(Number);
  return major * 0x10000 + minor * 0x100 + patch;
};
