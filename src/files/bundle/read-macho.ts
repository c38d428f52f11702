import {
  hasMachOMagic,
  inspectMachO,
  isMachO,
  type MachOFacts,
  withPresentSignatures,
} from '../../formats/macho/index.ts';
import { isScript } from '../../formats/script.ts';
import { readRange } from '../disk/read-range.ts';
import { nextInTurn, readStart } from '../disk/small-file.ts';
import { openPlainFile } from './plain-file.ts';

/** What the first bytes of a file say, and, when it is Mach-O, what its headers say. */
export type CodeFile =
  | { readonly kind: 'macho'; readonly macho: MachOFacts }
  /** Begins with `#!`. */
  | { readonly kind: 'script' }
  /** Begins like a Mach-O file and is none, e.g. a Java class. */
  | { readonly kind: 'macho-like' }
  | { readonly kind: 'data' };

const FIRST_BYTES = 32;

/**
 * Reads the headers of a file, some kilobytes of it.
 *
 * @param path - on this host; a link as its last part is not followed
 * @param name - path relative to the bundle, for the error
 * @throws ShipError MACHO_INVALID
 */
export async function readCodeFile(path: string, { name }: { name: string }): Promise<CodeFile> {
  const { stats, bytes: start } = readStart(path, FIRST_BYTES);
  await nextInTurn();
  if (!stats.isFile()) throw new Error('it is not a regular file');
  if (isScript(start)) return { kind: 'script' };
  if (!hasMachOMagic(start)) return { kind: 'data' };
  if (!isMachO(start)) return { kind: 'macho-like' };
  return readHeaders(path, name);
}

async function readHeaders(path: string, name: string): Promise<CodeFile> {
  const { file, sizeBytes } = await openPlainFile(path);
  try {
    const read = (offset: number, length: number) => readRange(file, offset, length);
    const source = { sizeBytes, read };
    const macho = await inspectMachO(source, { name });
    if (!macho) return { kind: 'macho-like' };
    return { kind: 'macho', macho: await withPresentSignatures(source, macho) };
  } finally {
    await file.close();
  }
}

/** As `readCodeFile`, when only Mach-O matters. */
export async function readMachO(path: string, options: { name: string }): Promise<MachOFacts | undefined> {
  const code = await readCodeFile(path, options);
  return code.kind === 'macho' ? code.macho : undefined;
}
