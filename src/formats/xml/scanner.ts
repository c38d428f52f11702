import { decodeEntities } from './entities.ts';

export interface OpenTag {
  readonly name: string;
  /** Written as `<name/>`. */
  readonly isEmpty: boolean;
}

/** Makes the error of a document that is refused. @param reason - a clause without a full stop, e.g. `it is empty` */
export type Refuse = (reason: string) => Error;

const NAME = /[A-Za-z_][\w.:-]*/y;
const OPEN_TAG = /<([A-Za-z_][\w.:-]*)(?:\s[^<>]*|\/)?>/y;
const END_OF_TAG = /\s*\/?>/y;
const CLOSE_TAG = /<\/([A-Za-z_][\w.:-]*)\s*>/y;
const ATTRIBUTE = /\s+([A-Za-z_][\w.:-]*)\s*=\s*("[^"<]*"|'[^'<]*')/y;
const SPACE = /\s*/y;
const DOCTYPE = /<!DOCTYPE[^<>[\]]*>/y;

/**
 * Walks an XML document from front to back; every step costs time linear in what it passes. Nothing is fetched and no
 * entity is declared. What a document may hold, and how deep, is for the reader above to bound.
 */
export class XmlScanner {
  readonly #text: string;
  readonly #refuse: Refuse;
  readonly #maxTextCharacters: number;
  #at = 0;

  /** @param maxTextCharacters - of all that stands between two tags, as it is written */
  constructor(text: string, refuse: Refuse, maxTextCharacters = Number.POSITIVE_INFINITY) {
    this.#text = text;
    this.#refuse = refuse;
    this.#maxTextCharacters = maxTextCharacters;
  }

  /** Characters passed so far. */
  get position(): number {
    return this.#at;
  }

  /** Passes the declaration, comments and the document type. An internal subset (own entities) is refused. */
  skipProlog(): void {
    this.#skipSpace();
    if (!this.#starts('<!DOCTYPE')) return;
    if (!this.#match(DOCTYPE)) throw this.#refuse('its DOCTYPE declares entities or is malformed');
    this.#skipSpace();
  }

  /** An open tag whose attributes do not matter, whatever they are. */
  openTag(): OpenTag {
    this.#skipSpace();
    const [whole = '', name] = this.#match(OPEN_TAG) ?? [];
    return name ? { name, isEmpty: whole.endsWith('/>') } : this.#fail('a tag');
  }

  /**
   * An open tag with well-formed attributes.
   *
   * @param onAttribute - called with each; of two with one name the document is refused
   */
  openTagWith(onAttribute: (name: string, value: string) => void): OpenTag {
    if (!this.#starts('<')) this.#fail('a tag');
    this.#at += 1;
    const name = this.#match(NAME)?.[0] ?? this.#fail('a tag');
    const seen = new Set<string>();
    for (let found = this.#match(ATTRIBUTE); found; found = this.#match(ATTRIBUTE)) {
      const [, key = '', quoted = ''] = found;
      if (seen.has(key)) throw this.#refuse(`a tag at character ${this.#at} has an attribute twice`);
      seen.add(key);
      onAttribute(key, decodeEntities(quoted.slice(1, -1), this.#refuse));
    }
    const end = this.#match(END_OF_TAG)?.[0] ?? this.#fail(`the end of <${name.slice(0, 40)}>`);
    return { name, isEmpty: end.endsWith('/>') };
  }

  /** True when the next thing, comments and instructions aside, is a close tag. */
  atCloseTag(): boolean {
    this.#skipSpace();
    return this.#starts('</');
  }

  closeTag(name: string): void {
    this.#skipSpace();
    if (this.#match(CLOSE_TAG)?.[1] !== name) this.#fail(`</${name}>`);
  }

  expectEnd(): void {
    this.#skipSpace();
    if (this.#at < this.#text.length) this.#fail('its end');
  }

  /** Everything up to the next tag or instruction: text with its entities decoded, CDATA; comments are left out. */
  textUntilTag(): string {
    const parts: string[] = [];
    const start = this.#at;
    for (;;) {
      const next = this.#text.indexOf('<', this.#at);
      if (next < 0) this.#fail('a tag');
      this.#checkLength(start, next);
      parts.push(decodeEntities(this.#text.slice(this.#at, next), this.#refuse));
      this.#at = next;
      if (this.#starts('<![CDATA[')) parts.push(this.#between('<![CDATA[', ']]>'));
      else if (this.#starts('<!--')) this.#between('<!--', '-->');
      else return parts.join('');
    }
  }

  /** The text of a tag that holds nothing but text, with the close tag passed. */
  textUntilClose(name: string): string {
    const text = this.textUntilTag();
    this.closeTag(name);
    return text;
  }

  /** @returns false when there is none here */
  skipInstruction(): boolean {
    const isThere = this.#starts('<?');
    if (isThere) this.#between('<?', '?>');
    return isThere;
  }

  #skipSpace(): void {
    const start = this.#at;
    for (;;) {
      this.#match(SPACE);
      this.#checkLength(start, this.#at);
      if (this.#starts('<!--')) this.#between('<!--', '-->');
      else if (!this.skipInstruction()) return;
    }
  }

  #checkLength(start: number, end: number): void {
    if (end - start > this.#maxTextCharacters)
      throw this.#refuse(`a text has more than ${this.#maxTextCharacters} characters`);
  }

  #between(start: string, end: string): string {
    const from = this.#at + start.length;
    const to = this.#text.indexOf(end, from);
    if (to < 0) throw this.#refuse(`a part that starts with "${start}" has no end`);
    this.#at = to + end.length;
    return this.#text.slice(from, to);
  }

  #starts(text: string): boolean {
    return this.#text.startsWith(text, this.#at);
  }

  #match(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text) ?? undefined;
    if (found) this.#at = pattern.lastIndex;
    return found;
  }

  #fail(expected: string): never {
    throw this.#refuse(`expected ${expected} at character ${this.#at}`);
  }
}
