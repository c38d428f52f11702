import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { unpackBundleFile } from '../../src/files/archive/unpack-bundle.ts';
import {
  checkSealedBundle,
  checkSignature,
  type SignatureFacts,
} from '../../src/files/code-signature/index.ts';
import { extractDmg } from '../../src/files/dmg/read.ts';
import { checkPackage } from '../../src/files/xar/check-package.ts';
import { unpackPackage } from '../helpers/unpack-package.ts';

export interface Issue {
  readonly severity: 'error' | 'warning';
  readonly code: null;
  readonly path: string;
  readonly message: string;
  readonly docUrl: string;
  readonly architecture: string | null;
}

export interface TicketContent {
  readonly path: string;
  readonly digestAlgorithm: 'SHA-1' | 'SHA-256';
  readonly cdhash: string;
  readonly arch?: string;
}

export interface Examined {
  readonly issues: readonly Issue[];
  /** Everything that gets a ticket. */
  readonly contents: readonly TicketContent[];
}

export interface Rules {
  /** Signatures must have a secure time stamp, as Apple wants; off for tests that have no time-stamp authority. */
  readonly requireTimestamp: boolean;
}

const DOC_URL = 'https://developer.apple.com/documentation/security/resolving-common-notarization-issues';
const signal = new AbortController().signal;

/** Looks into an upload as the notary service would: its signature, and all code in it. */
export async function examine(path: string, name: string, scratch: string, rules: Rules): Promise<Examined> {
  const folder = join(scratch, `content-${Math.random().toString(36).slice(2)}`);
  await mkdir(folder);
  try {
    const look = { pkg: examinePackage, zip: examineZip }[name.slice(-3)] ?? examineImage;
    return await look(path, name, folder, rules);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function examinePackage(path: string, name: string, folder: string, rules: Rules): Promise<Examined> {
  const { findings, cms, tableDigest = '' } = await checkPackage(path, { signal });
  const found: Findings = {
    issues: findings.map(({ message }) => issue(name, message)),
    contents: [{ path: name, digestAlgorithm: 'SHA-1', cdhash: tableDigest }],
  };
  if (!cms?.signer?.commonName.startsWith('Developer ID Installer: '))
    found.issues.push(issue(name, 'The package is not signed with a valid Developer ID certificate.'));
  if (rules.requireTimestamp && !cms?.timestamp)
    found.issues.push(issue(name, 'The signature does not include a secure timestamp.'));
  const entries = await unpackPackage(path, folder);
  await examineApps(entries, folder, name, rules, found);
  return found;
}

async function examineApps(
  entries: readonly { readonly type: string; readonly path: string }[],
  folder: string,
  name: string,
  rules: Rules,
  found: Findings,
): Promise<void> {
  const apps = entries.filter(({ type, path: at }) => type === 'directory' && /^[^/]+\.app$/.test(at));
  for (const app of apps) await examineApp(join(folder, app.path), `${name}/${app.path}`, rules, found);
}

/** A zip is no code: what is in it gets tickets, it gets none. */
async function examineZip(path: string, name: string, folder: string, rules: Rules): Promise<Examined> {
  const found: Findings = { issues: [], contents: [] };
  const content = join(folder, 'zip');
  await unpackBundleFile(path, content, { signal });
  const entries = await readdir(content, { withFileTypes: true });
  const listed = entries.map((entry) => ({
    path: entry.name,
    type: entry.isDirectory() ? 'directory' : 'file',
  }));
  await examineApps(listed, content, name, rules, found);
  return found;
}

async function examineImage(path: string, name: string, folder: string, rules: Rules): Promise<Examined> {
  const image = await checkSignature(path, { signal }).catch(() => undefined);
  if (!image)
    return { issues: [issue(name, 'The file is not a disk image that can be read.')], contents: [] };
  const found = judged(name, image.signatures, false, rules);
  for (const { message } of image.findings)
    found.issues.push(issue(name, `The signature is invalid: ${message}`));
  try {
    const { entries } = await extractDmg(path, folder, { signal });
    await examineApps(entries, folder, name, rules, found);
  } catch (error) {
    found.issues.push(issue(name, `The disk image cannot be read: ${(error as Error).message}`));
  }
  return found;
}

interface Findings {
  readonly issues: Issue[];
  readonly contents: TicketContent[];
}

async function examineApp(path: string, name: string, rules: Rules, found: Findings): Promise<void> {
  const seal = await checkSealedBundle(path, { signal });
  const reports = [...(seal.mainExecutable ? [seal.mainExecutable] : []), ...seal.nested];
  for (const report of reports) {
    const more = judged(report.path ? `${name}/${report.path}` : name, report.signatures, true, rules);
    found.issues.push(...more.issues);
    found.contents.push(...more.contents);
  }
  for (const { path: at, message } of seal.findings)
    found.issues.push(issue(`${name}/${at}`, `The signature of the binary is invalid. (${message})`));
}

function judged(
  path: string,
  signatures: readonly SignatureFacts[],
  isCode: boolean,
  rules: Rules,
): Findings {
  const found: Findings = { issues: [], contents: [] };
  if (signatures.length === 0) found.issues.push(issue(path, 'The binary is not signed.'));
  for (const facts of signatures) {
    const complain = (message: string) => found.issues.push(issue(path, message, facts.architecture));
    if (facts.adHoc || !facts.cms)
      complain('The binary is not signed with a valid Developer ID certificate.');
    if (rules.requireTimestamp && !facts.cms?.timestamp)
      complain('The signature does not include a secure timestamp.');
    if (isCode && !facts.hardenedRuntime)
      complain('The executable does not have the hardened runtime enabled.');
    if (facts.entitlementsXml?.includes('com.apple.security.get-task-allow'))
      complain('The executable requests the com.apple.security.get-task-allow entitlement.');
    found.contents.push({
      path,
      digestAlgorithm: 'SHA-256',
      cdhash: facts.cdHash,
      ...(facts.architecture && { arch: facts.architecture }),
    });
  }
  return found;
}

const issue = (path: string, message: string, architecture = ''): Issue => ({
  severity: 'error',
  code: null,
  path,
  message,
  docUrl: DOC_URL,
  architecture: architecture || null,
});
