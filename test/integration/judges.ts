import { execFileSync } from 'node:child_process';
import { open, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { run } from '../../src/adapters/process/run.ts';
import type { EmbeddedHub, WireMessage } from '../../src/embedded-hub/embedded-hub.ts';
import { isInstalled } from '../helpers/dmg-tree.ts';
import { rcodesign, rcodesignPath } from '../helpers/rcodesign-fixtures.ts';

/** Programs that know nothing of us and say what came out. */
const programs = ['7z', 'dmg2img', 'unzip', 'llvm-objdump', 'openssl', 'plistutil'];

export async function missingPrograms(): Promise<string[]> {
  const present = await Promise.all(programs.map(isInstalled));
  return programs.filter((_, index) => !present[index]);
}

async function told(file: string, ...args: string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await run(file, args);
  expect({ file, args, exitCode, stderr: exitCode === 0 ? '' : stderr }).toMatchObject({ exitCode: 0 });
  return stdout;
}

/** Tests the image with two programs and takes it apart with one of them. @returns folder of the volume */
export async function takeDmgApart(image: string, to: string): Promise<string> {
  const tested = await told('7z', 't', '-tdmg', image);
  expect(tested).toContain('Everything is Ok');
  expect(tested).not.toMatch(/^(WARNING|Warnings:|ERROR)/m);
  const volume = `${to}.img`;
  await told('dmg2img', '-i', image, '-o', volume);
  const head = Buffer.alloc(2);
  const file = await open(volume, 'r');
  await file.read(head, 0, 2, 1024);
  await file.close();
  expect(head.toString()).toBe('H+');
  await told('7z', 'x', '-y', '-snl', `-o${to}`, image);
  await composeNames(to);
  return to;
}

/** Takes an installer package apart, layer by layer: the archive, what compresses the payload, the payload. */
export async function takePackageApart(path: string, to: string): Promise<string> {
  const tested = await told('7z', 't', '-txar', path);
  expect(tested).toContain('Everything is Ok');
  const [archive, payload] = [join(to, 'archive'), join(to, 'payload')];
  await told('7z', 'x', '-y', '-txar', `-o${archive}`, path);
  const [component = ''] = (await readdir(archive)).filter((name) => name.endsWith('.pkg'));
  await told('7z', 'x', '-y', '-tgzip', `-o${payload}`, join(archive, component, 'Payload'));
  const [cpio = ''] = await readdir(payload);
  await told('7z', 'x', '-y', '-tcpio', '-snl', `-o${to}`, join(payload, cpio));
  return to;
}

/** HFS+ keeps names decomposed, and so does 7z. */
async function composeNames(folder: string): Promise<void> {
  for (const item of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, item.name.normalize('NFC'));
    if (item.name !== item.name.normalize('NFC')) await rename(join(folder, item.name), path);
    if (item.isDirectory()) await composeNames(path);
  }
}

/** `unzip -Z` as mode by path. */
export async function listIpa(ipa: string): Promise<Map<string, string>> {
  await told('unzip', '-tqq', ipa);
  const lines = (await told('unzip', '-Z', ipa)).split('\n').filter((line) => /^[-dl]/.test(line));
  return new Map(
    lines.map((line) => {
      const [mode = '', , , , , , , , ...path] = line.split(/ +/);
      return [path.join(' '), mode];
    }),
  );
}

export const takeIpaApart = (ipa: string, to: string): Promise<string> => told('unzip', '-q', ipa, '-d', to);

export const signatureInfo = (path: string): Promise<string> => rcodesign('print-signature-info', path);

/** The commands that the loader sees, as another tool prints them. */
export const loadCommands = (path: string): Promise<string> =>
  told('llvm-objdump', '--macho', '--private-headers', path);

export const plistText = (path: string): Promise<string> => told('plistutil', '-f', 'xml', '-i', path);

/** The CMS message over the first code directory holds for openssl, and its signer is the one that was sent. */
export async function expectCmsHolds(binary: string, authorityPem: string, dir: string): Promise<string> {
  const extract = (what: string) => execFileSync(rcodesignPath, ['-C', '/dev/null', 'extract', what, binary]);
  const [cms, directory, authority] = [join(dir, 'cms.der'), join(dir, 'cd.bin'), join(dir, 'ca.pem')];
  await writeFile(cms, extract('cms-raw'));
  await writeFile(directory, extract('code-directory-raw'));
  await writeFile(authority, authorityPem);
  const envelope = ['-inform', 'DER', '-in', cms];
  const trust = ['-CAfile', authority, '-purpose', 'any'];
  await told(
    'openssl',
    'cms',
    '-verify',
    ...envelope,
    '-content',
    directory,
    '-binary',
    ...trust,
    '-out',
    '/dev/null',
  );
  await told('openssl', 'asn1parse', ...envelope);
  return told('openssl', 'cms', '-cmsout', '-print', ...envelope);
}

/** What a client of the hub must be able to rely on when a job succeeds. */
const USUAL_STAGES = ['extracting', 'generating_assets', 'signing', 'packaging', 'uploading'];

export function expectGoodConversation(
  hub: EmbeddedHub,
  jobId: string,
  stages: readonly string[] = USUAL_STAGES,
  { artifactsReady = 1 }: { readonly artifactsReady?: number } = {},
): void {
  const messages = hub.messages(jobId);
  expect(messages.filter(({ type }) => type === 'error')).toEqual([]);
  expectOneComplete(messages);
  expect(stagesIn(messages)).toEqual(stages);
  expectProgressInStages(messages);
  // the hub says it as it takes the upload: what we said before may come in after it, by the other connection
  const announced = messages.filter(({ type }) => type === 'artifact_ready');
  const complete = messages.at(-1);
  expect(announced).toHaveLength(artifactsReady);
  const artifact = hub.artifact(jobId);
  expect(announced.at(-1)).toMatchObject({ sha256: artifact?.sha256Hex });
  const { name, sizeBytes: size, sha256Hex: sha256 } = artifact ?? {};
  expect(complete).toMatchObject({ success: true, artifacts: [{ name, size, sha256 }] });
  expect(complete).not.toHaveProperty('error');
}

export function expectOneComplete(messages: readonly WireMessage[]): void {
  expect(messages.filter(({ type }) => type === 'complete')).toHaveLength(1);
  expect(messages.at(-1)?.type).toBe('complete');
}

/** A stage that is said again in a long wait counts once. */
const stagesIn = (messages: readonly WireMessage[]): unknown[] =>
  messages
    .filter(({ type }) => type === 'stage')
    .map(({ stage }) => stage)
    .filter((stage, index, all) => stage !== all[index - 1]);

function expectProgressInStages(messages: readonly WireMessage[]): void {
  let current: unknown;
  let percent = 0;
  for (const message of messages) {
    if (message.type === 'stage' && message.stage !== current) {
      if (current !== undefined) expect([current, percent]).toEqual([current, 100]);
      current = message.stage;
      percent = 0;
    }
    if (message.type !== 'progress') continue;
    expect(message.stage).toBe(current);
    expect(Number.isInteger(message.percent)).toBe(true);
    expect(message.percent).toBeGreaterThan(percent);
    percent = Number(message.percent);
  }
  expect([current, percent]).toEqual([current, 100]);
}

export const sameBytes = async (path: string, bytes: Buffer): Promise<boolean> =>
  (await readFile(path)).equals(bytes);
