import { XmlScanner } from './scanner.ts';

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
const NO_ATTRIBUTES: ReadonlyMap<string, string> = new Map();

interface OpenElement {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly texts: string[];
  readonly children: XmlElement[];
}

/**
 * Reads a whole document in one pass, without recursion; depth and number of elements are bounded.
 *
 * @throws XmlFault
 */
export const readXml = (text: string): XmlElement => new TreeReader(text).document();

class TreeReader {
  readonly #scanner: XmlScanner;
  readonly #open: OpenElement[] = [];
  #parts = 0;

  constructor(text: string) {
    this.#scanner = new XmlScanner(text, (reason) => new XmlFault(reason));
  }

  document(): XmlElement {
    this.#scanner.skipProlog();
    let root = this.#begin();
    while (root === undefined) root = this.#step();
    this.#scanner.expectEnd();
    return root;
  }

  /** Text, then a close tag, an instruction or an element. @returns the root when it is closed */
  #step(): XmlElement | undefined {
    const current = this.#open.at(-1) as OpenElement;
    current.texts.push(this.#scanner.textUntilTag());
    if (this.#scanner.skipInstruction()) return undefined;
    if (!this.#scanner.atCloseTag()) return this.#begin();
    this.#scanner.closeTag(current.name);
    return this.#finish();
  }

  #begin(): XmlElement | undefined {
    this.#countPart();
    if (this.#open.length >= MAX_DEPTH) throw new XmlFault(`it is nested more than ${MAX_DEPTH} levels deep`);
    let attributes: Map<string, string> | undefined;
    const { name, isEmpty } = this.#scanner.openTagWith((key, value) => {
      this.#countPart();
      attributes ??= new Map();
      attributes.set(key, value);
    });
    this.#open.push({ name, attributes: attributes ?? NO_ATTRIBUTES, texts: [], children: [] });
    return isEmpty ? this.#finish() : undefined;
  }

  #finish(): XmlElement | undefined {
    const { name, attributes, texts, children } = this.#open.pop() as OpenElement;
    const element = { name, attributes, text: texts.join('').trim(), children };
    const parent = this.#open.at(-1);
    if (!parent) return element;
    parent.children.push(element);
    return undefined;
  }

  #countPart(): void {
    this.#parts += 1;
    if (this.#parts > MAX_PARTS) throw new XmlFault(`it has more than ${MAX_PARTS} elements and attributes`);
  }
}

/** The one child of that name; nothing when there is none. */
export const childOf = (element: XmlElement | undefined, name: string): XmlElement | undefined =>
  element?.children.find((child) => child.name === name);

export const childrenOf = (element: XmlElement | undefined, name: string): readonly XmlElement[] =>
  element?.children.filter((child) => child.name === name) ?? [];
