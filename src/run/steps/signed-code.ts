import { createHash } from 'node:crypto';
import { factLimits, type SignatureFacts } from '../../audit/facts.ts';
import type { AppSummary, SignatureSummary } from '../../verify/report.ts';

type SignedCode = NonNullable<SignatureFacts['signed']>;
type Code = SignedCode['codes'][number];

interface ReadCode {
  readonly path: string;
  readonly signatures: readonly SignatureSummary[];
}

/** All code of an app as it was read back after signing: what has entitlements by itself, the rest by one digest. */
export function signedCodeOf({ signatures, nested }: AppSummary): SignedCode {
  const all: readonly ReadCode[] = [{ path: '', signatures }, ...nested];
  const hash = createHash('sha256');
  for (const { path, signatures: own } of all)
    for (const { cdHash } of own) hash.update(`${path} ${cdHash}\n`);
  const wanted = all.filter((code, at) => at === 0 || entitlementsOf(code));
  const codes = toldOf(wanted);
  return {
    count: all.length,
    sha256Hex: hash.digest('hex'),
    codes,
    leftOut: wanted.length - codes.length,
  };
}

/** As many as there is room for: their keys count together. */
function toldOf(wanted: readonly ReadCode[]): Code[] {
  const told: Code[] = [];
  let keysLeft: number = factLimits.keys;
  for (const code of wanted.slice(0, factLimits.codes)) {
    const keys = Object.keys(entitlementsOf(code) ?? {}).sort();
    if (keys.length > keysLeft) break;
    keysLeft -= keys.length;
    told.push(codeOf(code, keys));
  }
  return told;
}

function codeOf(code: ReadCode, keys: readonly string[]): Code {
  const [first] = code.signatures;
  const entitlements = entitlementsOf(code);
  return {
    path: code.path.slice(0, factLimits.pathLength),
    identifier: (first?.identifier ?? '').slice(0, factLimits.pathLength),
    cdHashes: code.signatures.slice(0, factLimits.architectures).map(({ cdHash }) => cdHash),
    entitlements: keys.map((key) => key.slice(0, factLimits.keyLength)),
    entitlementsSha256Hex: entitlements ? digestOfJson(entitlements) : null,
  };
}

const entitlementsOf = ({ signatures: [first] }: ReadCode): Readonly<Record<string, unknown>> | undefined =>
  first?.entitlements;

const digestOfJson = (value: unknown): string =>
  createHash('sha256')
    .update(JSON.stringify(inOrder(value)))
    .digest('hex');

/** Keys of dictionaries in order, as `jq --sort-keys --compact-output` writes them. */
function inOrder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inOrder);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, inner]) => [key, inOrder(inner)]));
}
