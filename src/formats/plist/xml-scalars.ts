import { PlistFault } from './limits.ts';
import { integerValue, realValue } from './number.ts';
import type { PlistValue } from './value.ts';

const INTEGER = /^[+-]?(?:[0-9]{1,20}|0[xX][0-9a-fA-F]{1,16})$/;
const REAL = /^[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?$/;
const INFINITY = /^([+-]?)inf(?:inity)?$/i;
const DATE = /^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$/;
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

/** @throws PlistFault when the tag is unknown, or its text has not the form that it must have */
export function scalarFromXml(tag: string, text: string): PlistValue {
  if (tag === 'string') return text;
  if (tag === 'true' || tag === 'false') return tag === 'true';
  const trimmed = text.trim();
  if (tag === 'integer') return parseInteger(trimmed);
  if (tag === 'real') return realValue(parseReal(trimmed));
  if (tag === 'date') return parseDate(trimmed);
  if (tag === 'data') return parseData(text);
  throw new PlistFault(`<${tag.slice(0, 40)}> is no tag of a property list`);
}

function parseInteger(text: string): number | bigint {
  if (!INTEGER.test(text)) throw malformed('integer', text);
  const magnitude = BigInt(text.replace(/^[+-]/, ''));
  return integerValue(text.startsWith('-') ? -magnitude : magnitude);
}

function parseReal(text: string): number {
  if (REAL.test(text)) return Number(text);
  const infinity = INFINITY.exec(text);
  if (infinity) return infinity[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  if (text.toLowerCase() === 'nan') return Number.NaN;
  throw malformed('real', text);
}

function parseDate(text: string): Date {
  const date = new Date(DATE.test(text) ? text : Number.NaN);
  if (Number.isNaN(date.getTime())) throw malformed('date', text);
  return date;
}

function parseData(text: string): Buffer {
  const packed = text.replace(/\s+/g, '');
  if (!BASE64.test(packed)) throw malformed('data', packed);
  return Buffer.from(packed, 'base64');
}

const malformed = (tag: string, text: string): PlistFault =>
  new PlistFault(`<${tag}> holds ${JSON.stringify(text.slice(0, 40))}, which is not of that type`);
