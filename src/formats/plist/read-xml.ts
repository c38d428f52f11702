import { capitalized } from '../../text.ts';
import { XmlScanner } from '../xml/scanner.ts';
import { PlistBudget, PlistFault } from './limits.ts';
import { newDict, type PlistDict, type PlistValue } from './value.ts';
import { scalarFromXml } from './xml-scalars.ts';

export interface XmlPlistOptions {
  readonly budget?: PlistBudget;
  /** Refuses a key that is there twice in one dict. */
  readonly uniqueKeys?: boolean;
}

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
export function readXmlPlist(
  text: string,
  { budget = new PlistBudget(), uniqueKeys = false }: XmlPlistOptions = {},
): PlistValue {
  const scanner = new XmlScanner(text, (reason) => new PlistFault(capitalized(reason)));
  scanner.skipProlog();
  const root = scanner.openTag();
  if (root.name !== 'plist')
    throw new PlistFault(`It starts with <${root.name.slice(0, 40)}>, not with <plist>`);
  if (root.isEmpty) throw new PlistFault('It is empty');
  const value = new XmlPlistReader(scanner, budget, uniqueKeys).value();
  scanner.closeTag('plist');
  scanner.expectEnd();
  return value;
}

class XmlPlistReader {
  readonly #scanner: XmlScanner;
  readonly #budget: PlistBudget;
  readonly #uniqueKeys: boolean;

  constructor(scanner: XmlScanner, budget: PlistBudget, uniqueKeys: boolean) {
    this.#scanner = scanner;
    this.#budget = budget;
    this.#uniqueKeys = uniqueKeys;
  }

  value(): PlistValue {
    const { name, isEmpty } = this.#scanner.openTag();
    this.#budget.spendValue();
    if (name === 'dict') return isEmpty ? newDict() : this.#budget.within(() => this.#dict());
    if (name === 'array') return isEmpty ? [] : this.#budget.within(() => this.#array());
    return scalarFromXml(name, isEmpty ? '' : this.#scanner.textUntilClose(name));
  }

  #array(): PlistValue[] {
    const items: PlistValue[] = [];
    while (!this.#scanner.atCloseTag()) items.push(this.value());
    this.#scanner.closeTag('array');
    return items;
  }

  #dict(): PlistDict {
    const dict = newDict();
    while (!this.#scanner.atCloseTag()) {
      const key = this.#key();
      if (this.#scanner.atCloseTag()) throw new PlistFault(`The key ${quoted(key)} has no value`);
      if (this.#uniqueKeys && Object.hasOwn(dict, key))
        throw new PlistFault(
          `The key ${quoted(key)} is there twice, and programs disagree about which counts`,
        );
      dict[key] = this.value();
    }
    this.#scanner.closeTag('dict');
    return dict;
  }

  #key(): string {
    const tag = this.#scanner.openTag();
    if (tag.name !== 'key')
      throw new PlistFault(`A dict has <${tag.name.slice(0, 40)}> where a <key> must be`);
    return tag.isEmpty ? '' : this.#scanner.textUntilClose('key');
  }
}

const quoted = (key: string): string => JSON.stringify(key.slice(0, 80));
