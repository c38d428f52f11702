import { randomUUID } from 'node:crypto';
import { build, type PlistValue as LibraryValue } from 'plist';
import { PlistFault } from './limits.ts';
import { isDict, newDict, PlistReal, type PlistValue } from './value.ts';

/** Four digits are all that the XML form of a date has. */
const LAST_XML_DATE_MS = Date.UTC(10_000, 0, 1) - 1;
const FIRST_XML_DATE_MS = Date.parse('0000-01-01T00:00:00Z');

/**
 * Writes Apple's XML form with `plist.build`. That library has no real of integral value: such a one goes in
 * as a string with an unguessable mark, and its tag is put right in the text that comes out.
 *
 * @throws PlistFault on a control character or half a surrogate pair, which XML cannot hold
 */
export function writeXmlPlist(value: PlistValue): Buffer {
  const mark = `real:${randomUUID()}:`;
  const [start = '', ...reals] = buildText(markReals(value, mark)).split(`<string>${mark}`);
  const rest = reals.map((text) => `<real>${text.replace('</string>', '</real>')}`);
  return Buffer.from(`${start}${rest.join('')}\n`, 'utf8');
}

function markReals(value: PlistValue, mark: string): LibraryValue {
  if (value instanceof PlistReal) return `${mark}${Object.is(value.value, -0) ? '-0' : value.value}`;
  if (value instanceof Date) return checkedDate(value);
  if (Array.isArray(value)) return value.map((item) => markReals(item, mark));
  if (!isDict(value)) return value as LibraryValue;
  return newDict(
    Object.entries(value).map(([key, item]) => [key, markReals(item, mark) as PlistValue]),
  ) as LibraryValue;
}

function buildText(value: LibraryValue): string {
  try {
    return build(value, { pretty: true });
  } catch (error) {
    throw new PlistFault('It holds a character that an XML plist cannot hold', { cause: error });
  }
}

const checkedDate = (date: Date): Date => {
  if (date.getTime() >= FIRST_XML_DATE_MS && date.getTime() <= LAST_XML_DATE_MS) return date;
  throw new PlistFault('It holds a date that an XML plist cannot hold');
};
