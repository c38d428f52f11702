import { type BaseBlock, fromBER } from 'asn1js';
import { checkBerForm } from './ber-form.ts';
import { type Asn1, Asn1Error, type TagClass } from './node.ts';

/**
 * Far above what certificates, PKCS#12 files and CMS envelopes with their chains need (some hundred elements, ten
 * levels deep), low enough that nothing can pile up.
 */
const LIMITS = { maxDepth: 64, maxNodes: 20_000, maxContentLength: 2 * 1024 * 1024 };
const TAG_CLASSES: Readonly<Record<number, TagClass>> = {
  1: 'universal',
  2: 'application',
  3: 'context',
  4: 'private',
};

/**
 * How a value has to be encoded. `exact`: each part ends where the one around it says, in the shortest form, and nothing
 * follows the value; for what a signature must hold over, where a changed length must not pass for the same content.
 * `tolerant`: what programs write in practice, e.g. bytes behind the end.
 */
export type Asn1Form = 'exact' | 'tolerant';

/**
 * Parses hostile DER or BER; depth and number of elements are bounded, and what lies in an OCTET STRING is left alone.
 *
 * @param form - `der` is `exact` without values whose end is open, for what Apple defines to be DER
 * @throws Asn1Error
 */
export function readAsn1(bytes: Uint8Array, form: Asn1Form | 'der'): Asn1 {
  const { offset, result } = parsed(bytes);
  if (offset === -1) throw new Asn1Error(`it is no ASN.1: ${result.error}`);
  if (form !== 'tolerant') {
    if (offset !== bytes.length) throw new Asn1Error(`it ends at ${offset} of ${bytes.length} bytes`);
    checkBerForm(view(bytes), form === 'der' ? 'refused' : 'allowed');
  }
  return toNode(result);
}

/** For some broken values the library throws errors of many kinds. */
function parsed(bytes: Uint8Array): ReturnType<typeof fromBER> {
  try {
    return fromBER(bytes, { ...LIMITS, parseEmbedded: false, copyInput: false });
  } catch (cause) {
    throw new Asn1Error('it is no ASN.1', { cause });
  }
}

function toNode(block: BaseBlock): Asn1 {
  const { value } = block.valueBlock as { value?: unknown };
  const { isConstructed, tagClass, tagNumber } = block.idBlock;
  const children = isConstructed && Array.isArray(value) ? (value as BaseBlock[]) : [];
  const raw = view(block.valueBeforeDecodeView);
  return {
    tagClass: TAG_CLASSES[tagClass] ?? 'private',
    tag: tagNumber,
    isConstructed,
    children: children.filter((part) => !isEndMark(part)).map(toNode),
    // taken from the encoding itself: the library keeps decoded forms for some types and bytes for others
    content: raw.subarray(block.idBlock.blockLength + block.lenBlock.blockLength),
    raw,
  };
}

const isEndMark = ({ idBlock }: BaseBlock): boolean => idBlock.tagClass === 1 && idBlock.tagNumber === 0;

const view = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
