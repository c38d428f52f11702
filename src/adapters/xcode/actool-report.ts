import {
  isDict,
  type PlistDict,
  type PlistValue,
  parsePlistDict,
  stringAt,
} from '../../formats/plist/index.ts';

/** What actool said in its `xml1` form, sorted by weight. */
export interface ActoolReport {
  readonly errors: readonly string[];
  /** Warnings and notices. */
  readonly remarks: readonly string[];
}

/**
 * Reads what `actool --output-format xml1` writes to stdout, also behind a line of something else:
 *
 *     com.apple.actool.compilation-results      {output-files: [...]}
 *     com.apple.actool.errors                   [{message, type, description?, failure-reason?}]
 *     com.apple.actool.document.errors          the same, or by document
 *     … .warnings, … .notices
 *
 * @throws ShipError PLIST_INVALID
 */
export function readActoolReport(stdout: string): ActoolReport {
  const start = Math.max(stdout.indexOf('<?xml'), 0);
  const report = parsePlistDict(Buffer.from(stdout.slice(start)), { name: 'the report of actool' });
  return {
    errors: messagesOf(report, /\.errors$/),
    remarks: messagesOf(report, /\.(warnings|notices)$/),
  };
}

const messagesOf = (report: PlistDict, keys: RegExp): string[] => [
  ...new Set(
    Object.entries(report)
      .filter(([key]) => key.startsWith('com.apple.actool.') && keys.test(key))
      .flatMap(([, value]) => messagesIn(value)),
  ),
];

/** A list of messages, or such lists by document. */
function messagesIn(value: PlistValue): string[] {
  if (Array.isArray(value)) return value.map(messageOf);
  return isDict(value) ? Object.values(value).flatMap(messagesIn) : [String(value)];
}

/** An entry of unknown form still counts as having been said. */
function messageOf(entry: PlistValue): string {
  if (!isDict(entry)) return String(entry);
  const texts = ['message', 'description', 'failure-reason'].flatMap((key) => stringAt(entry, key) || []);
  return [...new Set(texts)].join(' ') || 'It gave no reason.';
}
