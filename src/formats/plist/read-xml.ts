import { capitalized } from '../../text.ts';
import { XmlScanner } from '../xml/scanner.ts';
import { PlistBudget, PlistFault } from './limits.ts';
import { newDict, type PlistDict, type PlistValue } from './value.ts';
import { scalarFromXml } from './xml-scalars.ts';

/**
 * Reads Apple's XML property list (DTD PropertyList-1.0).
 *
 * Our own reader and not `plist.parse` (5.0): that one makes reals of value 2 and integers one and the same,
 * rounds integers above 2^53, has no limit of depth, and warns on the console. The language is small: no
 * entities but XML's five, no attribute that matters. Of two equal keys in a dict the last one counts.
 *
 * @throws PlistFault
 */
export function readXmlPlist(text: string, budget = new PlistBudget()): PlistValue {
  const scanner = new XmlScanner(text, (reason) => new PlistFault(capitalized(reason)));
  scanner.skipProlog();
  const root = scanner.openTag();
  if (root.name !== 'plist')
    throw new PlistFault(`It starts with <${root.name.slice(0, 40)}>, not with <plist>`);
  if (root.isEmpty) throw new PlistFault('It is empty');
  const value = readValue(scanner, budget);
  scanner.closeTag('plist');
  scanner.expectEnd();
  return value;
}

function readValue(scanner: XmlScanner, budget: PlistBudget): PlistValue {
  const { name, isEmpty } = scanner.openTag();
  budget.spendValue();
  if (name === 'dict') return isEmpty ? newDict() : budget.within(() => readDict(scanner, budget));
  if (name === 'array') return isEmpty ? [] : budget.within(() => readArray(scanner, budget));
  return scalarFromXml(name, isEmpty ? '' : scanner.textUntilClose(name));
}

function readArray(scanner: XmlScanner, budget: PlistBudget): PlistValue[] {
  const items: PlistValue[] = [];
  while (!scanner.atCloseTag()) items.push(readValue(scanner, budget));
  scanner.closeTag('array');
  return items;
}

function readDict(scanner: XmlScanner, budget: PlistBudget): PlistDict {
  const dict = newDict();
  while (!scanner.atCloseTag()) {
    const tag = scanner.openTag();
    if (tag.name !== 'key')
      throw new PlistFault(`A dict has <${tag.name.slice(0, 40)}> where a <key> must be`);
    const key = tag.isEmpty ? '' : scanner.textUntilClose('key');
    if (scanner.atCloseTag())
      throw new PlistFault(`The key ${JSON.stringify(key.slice(0, 80))} has no value`);
    dict[key] = readValue(scanner, budget);
  }
  scanner.closeTag('dict');
  return dict;
}
