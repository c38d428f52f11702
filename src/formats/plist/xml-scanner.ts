import { PlistFault } from './limits.ts';

interface OpenTag {
  readonly name: string;
  /** Written as `<name/>`. */
  readonly empty: boolean;
}

const OPEN_TAG = /<([A-Za-z]+)(?:\s[^<>]*|\/)?>/y;
const CLOSE_TAG = /<\/([A-Za-z]+)\s*>/y;
const DOCTYPE = /<!DOCTYPE[^<>[\]]*>/y;
const namedEntities = new Map([
  ['lt', '<'],
  ['gt', '>'],
  ['amp', '&'],
  ['quot', '"'],
  ['apos', "'"],
]);

/** Walks the tags of an XML plist from front to back; every step costs time linear in what it passes. */
export class XmlScanner {
  private position = 0;
  private readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  /** Passes the declaration, comments and the document type. An internal subset (own entities) is refused. */
  skipProlog(): void {
    this.skipSpace();
    if (!this.text.startsWith('<!DOCTYPE', this.position)) return;
    if (!this.match(DOCTYPE)) throw new PlistFault('Its DOCTYPE declares entities or is malformed');
    this.skipSpace();
  }

  openTag(): OpenTag {
    this.skipSpace();
    const [whole = '', name] = this.match(OPEN_TAG) ?? [];
    return name ? { name, empty: whole.endsWith('/>') } : this.fail('a tag');
  }

  atCloseTag(): boolean {
    this.skipSpace();
    return this.text.startsWith('</', this.position);
  }

  closeTag(name: string): void {
    this.skipSpace();
    if (this.match(CLOSE_TAG)?.[1] !== name) this.fail(`</${name}>`);
  }

  expectEnd(): void {
    this.skipSpace();
    if (this.position < this.text.length) this.fail('its end');
  }

  /** The text of a tag that holds nothing but text, with the close tag passed. */
  textUntilClose(name: string): string {
    const parts: string[] = [];
    for (;;) {
      const next = this.text.indexOf('<', this.position);
      if (next < 0) this.fail(`</${name}>`);
      parts.push(decodeEntities(this.text.slice(this.position, next)));
      this.position = next;
      if (this.text.startsWith('<![CDATA[', next)) parts.push(this.between('<![CDATA[', ']]>'));
      else if (this.text.startsWith('<!--', next)) this.between('<!--', '-->');
      else break;
    }
    this.closeTag(name);
    return parts.join('');
  }

  private skipSpace(): void {
    for (;;) {
      this.match(/\s*/y);
      if (this.text.startsWith('<!--', this.position)) this.between('<!--', '-->');
      else if (this.text.startsWith('<?', this.position)) this.between('<?', '?>');
      else return;
    }
  }

  private between(start: string, end: string): string {
    const from = this.position + start.length;
    const to = this.text.indexOf(end, from);
    if (to < 0) throw new PlistFault(`A part that starts with "${start}" has no end`);
    this.position = to + end.length;
    return this.text.slice(from, to);
  }

  private match(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.position;
    const found = pattern.exec(this.text) ?? undefined;
    if (found) this.position = pattern.lastIndex;
    return found;
  }

  private fail(expected: string): never {
    throw new PlistFault(`Expected ${expected} at character ${this.position}`);
  }
}

function decodeEntities(text: string): string {
  if (!text.includes('&')) return text;
  return text.replace(/&([^;&]{0,12});?/g, (whole, body: string) => {
    const decoded = whole.endsWith(';') ? (namedEntities.get(body) ?? fromCodePoint(body)) : undefined;
    if (decoded === undefined) throw new PlistFault(`${JSON.stringify(whole)} is not an entity of XML`);
    return decoded;
  });
}

function fromCodePoint(body: string): string | undefined {
  const [, hex, decimal] = /^#(?:x([0-9a-fA-F]+)|([0-9]+))$/.exec(body) ?? [];
  const code = hex ? Number.parseInt(hex, 16) : Number(decimal ?? Number.NaN);
  const isCharacter = code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff);
  return isCharacter ? String.fromCodePoint(code) : undefined;
}
