import type { ChainLine } from '../audit/chain-line.ts';
import type { AcknowledgedBreaks, ChainFinding } from '../audit/findings.ts';
import { type SignedLine, signedLine } from '../audit/signed-line.ts';
import type { ChainReport } from '../audit/verify-chain.ts';
import { counted, plain, shellWord } from '../text.ts';
import type { StateDirFlags } from './state-dir.ts';

/**
 * What was found out about a chain, for a person.
 *
 * @param flags - as this command got them: the next one needs the same
 */
export function renderChain(report: ChainReport, flags: StateDirFlags): string[] {
  const { ok, path, lines, sizeBytes, first, last, findings, findingCount, breaksId, remarks } = report;
  const { acknowledged, acknowledgedCount } = report;
  const span = first && last ? `, from ${first.at} to ${last.at}` : '';
  const known = acknowledgedCount === 0 ? 'whole' : 'whole but for breaks that are acknowledged';
  const left = acknowledgedCount - acknowledged.length;
  return [
    `${plain(path)}: ${ok ? known : 'NOT WHOLE'}`,
    `  ${counted(lines, 'line')}, ${counted(sizeBytes, 'byte')}${span}`,
    ...(last ? [`  last line: ${last.number}:${last.sha256Hex}`] : []),
    ...renderFindings(findings, findingCount),
    ...(breaksId === null
      ? []
      : [
          `  breaks ${breaksId}: once you know why, perry-ship audit acknowledge ${breaksId} --reason "…"${placeIn(flags)}`,
        ]),
    ...acknowledged.flatMap(renderAcknowledged),
    ...(left > 0 ? [`  … and ${counted(left, 'more acknowledgement')}`] : []),
    ...remarks.map((remark) => `  note: ${plain(remark)}`),
  ];
}

const placeIn = ({ stateDir, envFile }: StateDirFlags): string =>
  [
    ...(stateDir === undefined ? [] : [` --state-dir ${wordOf(stateDir)}`]),
    ...(envFile === undefined ? [] : [` --env-file ${wordOf(envFile)}`]),
  ].join('');

const wordOf = (path: string): string => shellWord(plain(path));

const renderFindings = (findings: readonly ChainFinding[], count: number): string[] => [
  ...findings.map(
    ({ line, code, message }) => `  ${code}${line === null ? '' : ` at line ${line}`}: ${plain(message)}`,
  ),
  ...(count > findings.length ? [`  … and ${counted(count - findings.length, 'more finding')}`] : []),
];

const renderAcknowledged = ({
  line,
  at,
  by,
  reason,
  findings,
  findingCount,
}: AcknowledgedBreaks): string[] => [
  `  acknowledged at line ${line} by ${said(by)}, ${at}: ${said(reason)}`,
  ...renderFindings(findings, findingCount).map((text) => `  ${text}`),
];

/** One line of a chain, for a person; a few lines. */
export function renderEntry(line: ChainLine): string[] {
  const { number, at, kind } = line;
  const head = `${at}  ${number}  ${kind}`;
  const signed = kind === 'signed' ? signedLine.safeParse(line).data : undefined;
  if (signed)
    return [`${head}  ${said(signed.app.name)} for job ${said(signed.job)}`, ...aboutSigned(signed), ''];
  const { v: _v, previous: _previous, number: _number, at: _at, kind: _kind, ...rest } = line;
  const facts = Object.entries(rest).map(([name, value]) => `${name} ${said(value)}`);
  return [[head, ...facts].join('  '), ''];
}

function aboutSigned(line: SignedLine): string[] {
  const {
    app,
    artifact,
    builtWith,
    identity,
    installer,
    profile,
    received,
    asker,
    machine,
    tools,
    provenance,
  } = line;
  return [
    ['artifact', `${said(artifact.name)}, ${artifact.bytes} bytes, ${artifact.sha256Hex} (${line.madeBy})`],
    ['app', [app.bundleId, app.shortVersion, app.version].map((part) => said(part ?? '-')).join('  ')],
    ...(builtWith ? [['built by', builtBy(builtWith)]] : []),
    ['identity', identityOf(identity)],
    ...(installer ? [['installer', identityOf(installer)]] : []),
    ...(profile ? [['profile', `${said(profile.name)}, ${said(profile.uuid)}`]] : []),
    ...(received ? [['made of', `${received.kind}, ${received.bytes} bytes, ${received.sha256Hex}`]] : []),
    ...entitlementsOf(line).map((text) => ['may', text]),
    ['asked by', `${said(asker.hub ?? 'a person')}, worker ${said(asker.worker)}, run ${said(line.run)}`],
    ['machine', `${said(machine.driver)}, ${said(machine.image)} ${machine.imageSha256Hex ?? ''}`.trim()],
    ['tools', `perry-ship ${said(tools.perryShip)}, rcodesign ${said(tools.rcodesign ?? 'unknown')}`],
    ...(provenance ? [['statement', `${said(provenance.name)}, ${provenance.sha256Hex}`]] : []),
  ].map(([name = '', text = '']) => `    ${name.padEnd(9)}  ${text}`);
}

const builtBy = ({ xcode, xcodeBuild, sdk, platformVersion }: NonNullable<SignedLine['builtWith']>): string =>
  `Xcode ${said(xcode ?? '-')} (${said(xcodeBuild ?? '-')}), SDK ${said(sdk ?? '-')}, platform ${said(platformVersion ?? '-')}`;

const identityOf = (identity: SignedLine['identity']): string =>
  identity
    ? `${said(identity.subject)}, serial ${identity.serialNumber}, ${identity.sha256Hex}`
    : 'none: signed ad hoc';

const entitlementsOf = ({ signed }: SignedLine): string[] =>
  (signed?.codes ?? [])
    .filter(({ entitlements }) => entitlements.length > 0)
    .map(
      ({ path, entitlements }) => `${said(path === '' ? 'the app' : path)}: ${said(entitlements.join(', '))}`,
    );

const MOST_CHARACTERS = 400;

/** A line may have been written by anybody who may write the file. */
function said(value: unknown): string {
  const text = plain(typeof value === 'string' ? value : (JSON.stringify(value) ?? ''));
  return text.length > MOST_CHARACTERS ? `${text.slice(0, MOST_CHARACTERS)}…` : text;
}
