/** One element of an XML document; comments and processing instructions are left out. */
export interface XmlElement {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  /** All text directly in it, trimmed. */
  readonly text: string;
  readonly children: readonly XmlElement[];
}

/** Why a document was refused, in a few words. */
export class XmlFault extends Error {}

/** Elements and attributes: each of some bytes becomes an object of a hundred. */
const MAX_PARTS = 100_000;
const MAX_DEPTH = 64;
const NAME = /[A-Za-z_][\w.:-]*/y;
const ATTRIBUTE = /\s+([A-Za-z_][\w.:-]*)\s*=\s*("[^"<]*"|'[^'<]*')/y;
const SPACE = /\s*/y;
const DOCTYPE = /<!DOCTYPE[^<>[\]]*>/y;
const skipped = [
  ['<!--', '-->'],
  ['<?', '?>'],
] as const;
const entities = new Map([
  ['lt', '<'],
  ['gt', '>'],
  ['amp', '&'],
  ['quot', '"'],
  ['apos', "'"],
]);

const NO_ATTRIBUTES: ReadonlyMap<string, string> = new Map();

interface OpenElement {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly texts: string[];
  readonly children: XmlElement[];
}

/**
 * Reads a whole document in one pass, without recursion: nothing is fetched, no entity is declared, depth and number
 * of elements are bounded. @throws XmlFault
 */
export function readXml(text: string): XmlElement {
  return new XmlReader(text).document();
}

class XmlReader {
  readonly #text: string;
  readonly #open: OpenElement[] = [{ name: '', attributes: new Map(), texts: [], children: [] }];
  #at = 0;
  #parts = 0;

  constructor(text: string) {
    this.#text = text;
  }

  document(): XmlElement {
    this.#match(SPACE);
    while (this.#skip() || this.#match(DOCTYPE)) this.#match(SPACE);
    while (this.#at < this.#text.length) this.#step();
    const [root, ...others] = this.#open[0]?.children ?? [];
    if (this.#open.length !== 1 || !root || others.length > 0)
      throw new XmlFault('it is not one whole element');
    return root;
  }

  #step(): void {
    const next = this.#text.indexOf('<', this.#at);
    const end = next < 0 ? this.#text.length : next;
    this.#current().texts.push(plain(this.#text.slice(this.#at, end)));
    this.#at = end;
    if (next < 0 || this.#skip()) return;
    if (this.#starts('<![CDATA[')) this.#current().texts.push(this.#between('<![CDATA[', ']]>'));
    else if (this.#starts('</')) this.#close();
    else this.#element();
  }

  #element(): void {
    this.#countPart();
    this.#at += 1;
    const name = this.#match(NAME)?.[0];
    if (!name || this.#open.length > MAX_DEPTH)
      throw new XmlFault(`a tag at character ${this.#at} cannot be read`);
    const attributes = this.#attributes();
    this.#match(SPACE);
    this.#open.push({ name, attributes, texts: [], children: [] });
    if (this.#take('/>')) this.#finish(name);
    else if (!this.#take('>')) throw new XmlFault(`the tag <${name}> has no end`);
  }

  #attributes(): ReadonlyMap<string, string> {
    let attributes: Map<string, string> | undefined;
    for (let found = this.#match(ATTRIBUTE); found; found = this.#match(ATTRIBUTE)) {
      this.#countPart();
      attributes ??= new Map();
      attributes.set(found[1] ?? '', plain((found[2] ?? '').slice(1, -1)));
    }
    return attributes ?? NO_ATTRIBUTES;
  }

  #countPart(): void {
    this.#parts += 1;
    if (this.#parts > MAX_PARTS) throw new XmlFault(`it has more than ${MAX_PARTS} elements and attributes`);
  }

  #close(): void {
    this.#at += 2;
    const name = this.#match(NAME)?.[0] ?? '';
    this.#match(SPACE);
    if (!this.#take('>')) throw new XmlFault(`the tag </${name}> has no end`);
    this.#finish(name);
  }

  #finish(name: string): void {
    const element = this.#open.pop();
    if (!element || element.name !== name) throw new XmlFault(`</${name}> closes nothing`);
    const { attributes, texts, children } = element;
    this.#current().children.push({ name, attributes, text: texts.join('').trim(), children });
  }

  #current(): OpenElement {
    const current = this.#open.at(-1);
    if (!current) throw new XmlFault('more is closed than was opened');
    return current;
  }

  #skip(): boolean {
    const found = skipped.find(([start]) => this.#starts(start));
    if (found) this.#between(found[0], found[1]);
    return found !== undefined;
  }

  #between(start: string, end: string): string {
    const from = this.#at + start.length;
    const to = this.#text.indexOf(end, from);
    if (to < 0) throw new XmlFault(`a part that starts with "${start}" has no end`);
    this.#at = to + end.length;
    return this.#text.slice(from, to);
  }

  #starts(text: string): boolean {
    return this.#text.startsWith(text, this.#at);
  }

  #take(text: string): boolean {
    const found = this.#starts(text);
    if (found) this.#at += text.length;
    return found;
  }

  #match(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text) ?? undefined;
    if (found) this.#at = pattern.lastIndex;
    return found;
  }
}

function plain(text: string): string {
  if (!text.includes('&')) return text;
  return text.replace(/&([^;&]{0,12});?/g, (whole, body: string) => {
    const code = /^#(?:x([0-9a-fA-F]{1,6})|(\d{1,7}))$/.exec(body);
    const point = code?.[1] ? Number.parseInt(code[1], 16) : Number(code?.[2] ?? Number.NaN);
    const decoded = entities.get(body) ?? (point <= 0x10ffff ? String.fromCodePoint(point) : undefined);
    if (decoded === undefined || !whole.endsWith(';'))
      throw new XmlFault('it uses an entity that is not known');
    return decoded;
  });
}

/** The one child of that name; nothing when there is none. */
export const childOf = (element: XmlElement | undefined, name: string): XmlElement | undefined =>
  element?.children.find((child) => child.name === name);

export const childrenOf = (element: XmlElement | undefined, name: string): readonly XmlElement[] =>
  element?.children.filter((child) => child.name === name) ?? [];
