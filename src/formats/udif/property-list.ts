import { piecesOf } from '../../text.ts';

const LINE_CHARS = 52;
const PARTITION = 'whole disk (Apple_HFS : 0)';

/** As every image of hdiutil has it; readers do not need it. */
function partitionListResource(): Buffer {
  const bytes = Buffer.alloc(1032);
  bytes[517] = 1;
  bytes[519] = 1;
  return bytes;
}

/** The property list of an image of one bare volume, in the form that hdiutil writes. */
export function propertyList(blockTable: Buffer): Buffer {
  const blkx = resource([text('CFName', PARTITION), ...data(blockTable), ...idAndName(PARTITION)]);
  const plst = resource([...data(partitionListResource()), ...idAndName('')]);
  return Buffer.from(`<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
\t<key>resource-fork</key>
\t<dict>
\t\t<key>blkx</key>
${blkx}
\t\t<key>plst</key>
${plst}
\t</dict>
</dict>
</plist>
`);
}

const resource = (fields: readonly string[]): string =>
  [
    '\t\t<array>',
    '\t\t\t<dict>',
    text('Attributes', '0x0050'),
    ...fields,
    '\t\t\t</dict>',
    '\t\t</array>',
  ].join('\n');

const text = (key: string, value: string): string =>
  `\t\t\t\t<key>${key}</key>\n\t\t\t\t<string>${value}</string>`;

const idAndName = (name: string): string[] => [text('ID', '0'), text('Name', name)];

const data = (bytes: Buffer): string[] => [
  '\t\t\t\t<key>Data</key>',
  '\t\t\t\t<data>',
  ...piecesOf(bytes.toString('base64'), LINE_CHARS).map((line) => `\t\t\t\t${line}`),
  '\t\t\t\t</data>',
];
