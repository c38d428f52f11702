/** An element to be written: with text, with elements in it, or empty. */
export interface XmlNode {
  readonly name: string;
  /** In this order. */
  readonly attributes?: Readonly<Record<string, string>>;
  readonly text?: string;
  readonly children?: readonly XmlNode[];
}

/** What XML 1.0 cannot hold, not even by its number. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const UNWRITABLE = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|\p{Surrogate}/gu;
const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\t': '&#9;',
  '\n': '&#10;',
  '\r': '&#13;',
};

/**
 * A whole document, in UTF-8, without a line end behind the last element. A character that XML cannot hold becomes
 * U+FFFD.
 *
 * @param indent - spaces for each level
 */
export const writeXml = (root: XmlNode, indent: number): string =>
  `<?xml version="1.0" encoding="utf-8"?>\n${linesOf(root, indent, 0).join('\n')}`;

function linesOf(node: XmlNode, indent: number, depth: number): string[] {
  const { name, attributes = {}, text, children = [] } = node;
  const start = ' '.repeat(indent * depth);
  const tag = [name, ...Object.entries(attributes).map(([key, value]) => `${key}="${escaped(value)}"`)].join(
    ' ',
  );
  if (text !== undefined) return [`${start}<${tag}>${escaped(text)}</${name}>`];
  if (children.length === 0) return [`${start}<${tag}/>`];
  const inside = children.flatMap((child) => linesOf(child, indent, depth + 1));
  return [`${start}<${tag}>`, ...inside, `${start}</${name}>`];
}

const escaped = (text: string): string =>
  text
    .replace(UNWRITABLE, '\ufffd')
    .replace(/[&<>"\t\n\r]/g, (character) => ENTITIES[character] ?? character);
