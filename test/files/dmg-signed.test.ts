import { copyFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { run } from '../../src/adapters/process/run.ts';
import { verifyDmg } from '../../src/files/dmg/read.ts';
import { attachSignedTail, readKoly, unsignedPrefixLength } from '../../src/files/dmg/signed.ts';
import { volumeEntries } from '../../src/files/dmg/write.ts';
import { writeDmg } from '../helpers/dmg-file.ts';
import {
  isInstalled,
  makeTree,
  neverAborted as signal,
  sourceDate,
  withTempDir,
} from '../helpers/dmg-tree.ts';
import { rcodesignPath } from '../helpers/rcodesign-fixtures.ts';

const present = await isInstalled(rcodesignPath);
if (!present) console.error(`Skipped: rcodesign is not at ${rcodesignPath}; set PERRY_RCODESIGN.`);

const writeImage = async (dir: string, text: string): Promise<string> => {
  await makeTree(join(dir, text), { text });
  const root = await volumeEntries(join(dir, text), 'My.app');
  const outPath = join(dir, `${text}.dmg`);
  await writeDmg({ volumeName: 'V', root, sourceDate, signal, outPath });
  return outPath;
};

const signedCopy = async (image: string): Promise<string> => {
  await copyFile(image, `${image}.signed`);
  const signing = await run(rcodesignPath, ['-C', '/dev/null', 'sign', `${image}.signed`]);
  expect(signing).toMatchObject({ exitCode: 0 });
  return `${image}.signed`;
};

const tailOf = async (signed: string): Promise<Buffer> =>
  (await readFile(signed)).subarray(unsignedPrefixLength(await readKoly(signed)));

test.skipIf(!present)('the end of a signed copy turns our image into the signed one', () =>
  withTempDir(async (dir) => {
    const image = await writeImage(dir, 'one');
    const unsigned = await readFile(image);
    const prefixBytes = unsignedPrefixLength(await readKoly(image));
    expect(prefixBytes).toBe(unsigned.length - 512);

    const signed = await signedCopy(image);
    const tail = await tailOf(signed);
    const composed = Buffer.concat([unsigned.subarray(0, prefixBytes), tail]);
    expect(composed.equals(await readFile(signed))).toBe(true);

    const koly = await attachSignedTail(image, [tail.subarray(0, 100), tail.subarray(100)]);
    expect((await readFile(image)).equals(await readFile(signed))).toBe(true);
    expect(koly).toMatchObject({ signatureOffset: prefixBytes, signatureSize: tail.length - 512 });

    const facts = await verifyDmg(image, { signal });
    expect(facts.signed).toEqual({ offset: prefixBytes, size: tail.length - 512 });
    const verdict = await run(rcodesignPath, ['-C', '/dev/null', 'print-signature-info', image]);
    expect(verdict.stdout).toContain(`code_signature_offset: ${prefixBytes}`);
    expect(verdict.stdout).toContain(`signed_entity_size: ${prefixBytes}`);
  }),
);

test.skipIf(!present)('a signed end of another image is refused, and ours stays as it was', () =>
  withTempDir(async (dir) => {
    const [ours, other] = [await writeImage(dir, 'ours'), await writeImage(dir, 'other')];
    const before = await readFile(ours);
    const tail = await tailOf(await signedCopy(other));
    await expect(attachSignedTail(ours, [tail])).rejects.toMatchObject({ code: 'DMG_CORRUPT' });
    await expect(attachSignedTail(ours, [tail.subarray(1)])).rejects.toMatchObject({ code: 'DMG_CORRUPT' });
    await expect(attachSignedTail(ours, [])).rejects.toMatchObject({ code: 'DMG_CORRUPT' });
    expect((await readFile(ours)).equals(before)).toBe(true);
  }),
);

test('an unsigned end is refused', () =>
  withTempDir(async (dir) => {
    const image = await writeImage(dir, 'one');
    const trailer = (await readFile(image)).subarray(-512);
    await expect(attachSignedTail(image, [trailer])).rejects.toMatchObject({ code: 'DMG_CORRUPT' });
  }));
