import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTimestampAuthority } from '../../src/demo/timestamp-authority.ts';
import { ShipError } from '../../src/errors.ts';
import { checkSignature } from '../../src/files/code-signature/check-signature.ts';
import { checkSealedBundle } from '../../src/files/code-signature/sealed-bundle.ts';
import { checkCms } from '../../src/formats/code-signature/cms.ts';
import { parseEmbeddedSignature } from '../../src/formats/code-signature/embedded-signature.ts';
import { specialSlotProblems } from '../../src/formats/code-signature/special-slots.ts';
import { makeIdentity } from '../helpers/rcodesign-fixtures.ts';
import { makeBareDmg, makeRichIosApp, seededNumbers, sign } from '../helpers/signed-bundles.ts';

const { signal } = new AbortController();
const numbers = seededNumbers(7);

let folder: string;
let app: string;
let machO: Buffer;
let dmg: Buffer;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'perry-ship-fuzz-'));
  const authority = await startTimestampAuthority();
  const signing = { pem: await makeIdentity(folder), timestampUrl: authority.url };
  app = await makeRichIosApp(folder);
  await makeBareDmg(join(folder, 'image.dmg'));
  await sign(signing, app, '--digest', 'sha1', '--digest', 'sha256');
  await sign(signing, join(folder, 'image.dmg'));
  await authority.stop();
  machO = await readFile(join(app, 'PerryDemo'));
  dmg = await readFile(join(folder, 'image.dmg'));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

/** Bytes set to what breaks parsers, ranges copied over others, the end cut off. */
function mutated(original: Buffer, from = 0): Buffer {
  const copy = Buffer.from(original);
  const place = (): number => from + numbers(copy.length - from);
  for (let change = 0; change <= numbers(4); change += 1) {
    const at = place();
    const kind = numbers(4);
    if (kind === 0) copy[at] = numbers(256);
    if (kind === 1)
      copy.fill([0, 0xff, 0x7f, 0x80][numbers(4)] ?? 0, at, Math.min(copy.length, at + 1 + numbers(4)));
    if (kind === 2) copy.copy(copy, at, place(), copy.length);
    if (kind === 3) copy.writeUInt8(copy.readUInt8(at) ^ (1 << numbers(8)), at);
  }
  return numbers(4) === 0 ? copy.subarray(0, place()) : copy;
}

test('a broken superblob is read, or refused with SIGNATURE_MALFORMED', () => {
  const start = machO.readUInt32LE(machO.indexOf(Buffer.from([0x1d, 0, 0, 0, 0x10, 0, 0, 0])) + 8);
  const whole = machO.subarray(start);
  const superblob = whole.subarray(0, whole.readUInt32BE(4));
  const sound = parseEmbeddedSignature(superblob);
  expect(sound.codeDirectories).toHaveLength(2);
  const cms = sound.cms ?? Buffer.alloc(0);
  expect(checkCms(cms, sound).problems).toEqual([]);
  let refused = 0;
  for (let round = 0; round < 800; round += 1) {
    const [broken, brokenCms] = [mutated(superblob), mutated(cms)];
    refused += refuses(() => checkCms(brokenCms, sound)) ? 1 : 0;
    refused += refuses(() => specialSlotProblems(parseEmbeddedSignature(broken), {})) ? 1 : 0;
  }
  expect(refused).toBeGreaterThan(200);
});

function refuses(read: () => unknown): boolean {
  try {
    read();
    return false;
  } catch (error) {
    expect(error).toBeInstanceOf(ShipError);
    expect((error as ShipError).code).toBe('SIGNATURE_MALFORMED');
    return true;
  }
}

const outcome = async (path: string): Promise<string> => {
  try {
    const { findings } = await checkSignature(path, { signal });
    return findings.length === 0 ? 'clean' : 'findings';
  } catch (error) {
    expect(error).toBeInstanceOf(ShipError);
    return (error as ShipError).code;
  }
};

test('a broken Mach-O file or disk image is a finding or no signed file at all', async () => {
  const file = join(folder, 'broken');
  const outcomes = new Set<string>();
  for (let round = 0; round < 300; round += 1) {
    const isImage = round % 3 === 0;
    const [original, tail] = isImage ? [dmg, dmg.length - 8_000] : [machO, round % 2 === 0 ? 0 : 65_808];
    await writeFile(file, mutated(isImage || tail > 0 ? original : headFuzzed(original), tail));
    outcomes.add(await outcome(file));
  }
  outcomes.delete('clean');
  expect([...outcomes].sort()).toEqual(['CODE_FORMAT_UNKNOWN', 'findings']);
});

const headFuzzed = (original: Buffer): Buffer =>
  Buffer.concat([mutated(original.subarray(0, 1_328)), original.subarray(1_328)]);

test('a broken CodeResources file or Info.plist is a finding', async () => {
  for (const path of ['_CodeSignature/CodeResources', 'Info.plist', 'Frameworks/Kit.framework/Info.plist']) {
    const file = join(app, path);
    const original = await readFile(file);
    for (let round = 0; round < 40; round += 1) {
      const broken = mutated(original);
      await writeFile(file, broken);
      const { findings } = await checkSealedBundle(app, { signal });
      if (!broken.equals(original)) expect(findings).not.toEqual([]);
    }
    await writeFile(file, original);
  }
});
