import { capitalized } from '../../text.ts';
import { inOneGo, type Pieces } from '../../turns.ts';
import { type OpenTag, XmlScanner } from '../xml/scanner.ts';
import { PlistBudget, PlistFault } from './limits.ts';
import { newDict, type PlistDict, type PlistValue } from './value.ts';
import { scalarFromXml } from './xml-scalars.ts';

export interface XmlPlistOptions {
  readonly budget?: PlistBudget;
  /** Refuses a key that is there twice in one dict. */
  readonly uniqueKeys?: boolean;
  /** See `XmlScanner`. */
  readonly maxTextCharacters?: number;
}

/** Read at a time: a few milliseconds of work. */
const PIECE_CHARACTERS = 256 * 1024;

/**
 * Reads Apple's XML property list (DTD PropertyList-1.0).
 *
 * Our own reader and not `plist.parse` (5.0): that one makes reals of value 2 and integers one and the same,
 * rounds integers above 2^53, has no limit of depth, and warns on the console. The language is small: no
 * entities but XML's five, no attribute that matters. Of two equal keys in a dict the last one counts, as for Core
 * Foundation (`parseDictTag` in CFPropertyList.c sets each value in turn), unless they are refused.
 *
 * @throws PlistFault
 */
export const readXmlPlist = (text: string, options?: XmlPlistOptions): PlistValue =>
  inOneGo(xmlPlistPieces(text, options));

/** The same for a large one. */
export function* xmlPlistPieces(
  text: string,
  { budget = new PlistBudget(), uniqueKeys = false, maxTextCharacters }: XmlPlistOptions = {},
): Pieces<PlistValue> {
  const scanner = new XmlScanner(text, (reason) => new PlistFault(capitalized(reason)), maxTextCharacters);
  scanner.skipProlog();
  const root = scanner.openTag();
  if (root.name !== 'plist')
    throw new PlistFault(`It starts with <${root.name.slice(0, 40)}>, not with <plist>`);
  if (root.isEmpty) throw new PlistFault('It is empty');
  const value = yield* new XmlPlistReader(scanner, budget, uniqueKeys).root();
  scanner.closeTag('plist');
  scanner.expectEnd();
  return value;
}

class XmlPlistReader {
  readonly #scanner: XmlScanner;
  readonly #budget: PlistBudget;
  readonly #uniqueKeys: boolean;
  #pauseAt = PIECE_CHARACTERS;

  constructor(scanner: XmlScanner, budget: PlistBudget, uniqueKeys: boolean) {
    this.#scanner = scanner;
    this.#budget = budget;
    this.#uniqueKeys = uniqueKeys;
  }

  root(): Pieces<PlistValue> {
    return this.#value(this.#valueTag());
  }

  #valueTag(): OpenTag {
    const tag = this.#scanner.openTag();
    this.#budget.spendValue();
    return tag;
  }

  *#value({ name, isEmpty }: OpenTag): Pieces<PlistValue> {
    if (!isContainer(name)) return this.#scalar({ name, isEmpty });
    if (isEmpty) return name === 'dict' ? newDict() : [];
    this.#budget.enter();
    try {
      return yield* name === 'dict' ? this.#dict() : this.#array();
    } finally {
      this.#budget.leave();
    }
  }

  #scalar({ name, isEmpty }: OpenTag): PlistValue {
    return scalarFromXml(name, isEmpty ? '' : this.#scanner.textUntilClose(name));
  }

  *#array(): Pieces<PlistValue[]> {
    const items: PlistValue[] = [];
    while (!this.#scanner.atCloseTag()) {
      const tag = this.#valueTag();
      items.push(isContainer(tag.name) ? yield* this.#value(tag) : this.#scalar(tag));
      if (this.#isPieceRead()) yield;
    }
    this.#scanner.closeTag('array');
    return items;
  }

  *#dict(): Pieces<PlistDict> {
    const dict = newDict();
    while (!this.#scanner.atCloseTag()) {
      const key = this.#key();
      if (this.#scanner.atCloseTag()) throw new PlistFault(`The key ${quoted(key)} has no value`);
      if (this.#uniqueKeys && Object.hasOwn(dict, key))
        throw new PlistFault(
          `The key ${quoted(key)} is there twice, and programs disagree about which counts`,
        );
      const tag = this.#valueTag();
      // most are scalars, and a generator for each would take longer than reading it
      dict[key] = isContainer(tag.name) ? yield* this.#value(tag) : this.#scalar(tag);
      if (this.#isPieceRead()) yield;
    }
    this.#scanner.closeTag('dict');
    return dict;
  }

  #isPieceRead(): boolean {
    if (this.#scanner.position < this.#pauseAt) return false;
    this.#pauseAt = this.#scanner.position + PIECE_CHARACTERS;
    return true;
  }

  #key(): string {
    const tag = this.#scanner.openTag();
    if (tag.name !== 'key')
      throw new PlistFault(`A dict has <${tag.name.slice(0, 40)}> where a <key> must be`);
    return tag.isEmpty ? '' : this.#scanner.textUntilClose('key');
  }
}

const isContainer = (tag: string): boolean => tag === 'dict' || tag === 'array';

const quoted = (key: string): string => JSON.stringify(key.slice(0, 80));
