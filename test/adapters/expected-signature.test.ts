import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type ExpectedSignature,
  signatureMismatch,
} from '../../src/domain/code-signature/expected-signature.ts';
import { readDmgSignature, readMachOSignature } from '../../src/files/code-signature/read-signature.ts';
import { parseDerEntitlements } from '../../src/formats/code-signature/der-entitlements.ts';
import type { EmbeddedSignature } from '../../src/formats/code-signature/embedded-signature.ts';
import { buildPlist, newDict, parsePlistDict } from '../../src/formats/plist/index.ts';
import { makeMachO, plist } from '../helpers/rcodesign-fixtures.ts';
import { makeBareDmg, sign } from '../helpers/signed-bundles.ts';

const RUNTIME = 0x10000;
const AD_HOC = 0x2;

let folder: string;
let count = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'perry-expected-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const entitlements = newDict([
  ['com.apple.security.app-sandbox', true],
  ['com.apple.security.application-groups', ['group.a', 'group.ü']],
  ['limit', 300],
  ['below', newDict([['off', false]])],
]);
const debugging = newDict([...Object.entries(entitlements), ['com.apple.security.get-task-allow', true]]);

async function entitlementsFile(dict = entitlements): Promise<string> {
  count += 1;
  const path = join(folder, `${count}.plist`);
  await writeFile(path, buildPlist(dict, 'xml'));
  return path;
}

/** A program signed by rcodesign with these options. */
async function signed(...options: string[]): Promise<EmbeddedSignature> {
  count += 1;
  const path = join(folder, `tool-${count}`);
  await makeMachO(path);
  await sign('ad hoc', path, ...options);
  const { signature } = (await readMachOSignature(path)).slices[0] ?? {};
  if (!signature) throw new Error('rcodesign left no signature');
  return signature;
}

const usual = async (dict = entitlements): Promise<string[]> => [
  '--binary-identifier',
  'com.example.tool',
  '--code-signature-flags',
  'runtime',
  '-e',
  await entitlementsFile(dict),
];

const asked: ExpectedSignature = {
  identifiers: ['com.example.tool'],
  teamIds: [undefined],
  flags: RUNTIME | AD_HOC,
  hasRequirement: false,
  isProgram: true,
  entitlements,
};

describe('a signature', () => {
  test('that is as asked has no mismatch', async () => {
    expect(signatureMismatch(await signed(...(await usual())), asked)).toBeUndefined();
    const plain = await signed('--binary-identifier', 'tool');
    const expected = { ...asked, identifiers: ['tool'], flags: AD_HOC, entitlements: newDict() };
    expect(signatureMismatch(plain, expected)).toBeUndefined();
    const old = await signed('--binary-identifier', 'tool', '--digest', 'sha1');
    expect(signatureMismatch(old, expected)).toMatch(/digests/);
  });

  test('says which lie it tells', async () => {
    const good = await signed(...(await usual()));
    const empty = await entitlementsFile(newDict());
    const lies: Record<string, readonly [EmbeddedSignature, RegExp, Partial<ExpectedSignature>?]> = {
      'another identifier': [
        await signed(...(await usual()), '--binary-identifier', 'x'),
        /identifier is "x"/,
      ],
      'no hardened runtime': [
        await signed('--binary-identifier', 'com.example.tool', '-e', await entitlementsFile()),
        /flags are 0x2/,
      ],
      'more flags': [await signed(...(await usual()), '--code-signature-flags', 'library'), /flags/],
      'no entitlements': [await signed(...(await usual()), '-e', empty), /entitlements/],
      'the right to debug it': [await signed(...(await usual(debugging))), /entitlements|segment/],
      'a stronger digest': [await signed(...(await usual()), '--digest', 'sha384'), /digests are sha384/],
      'an identity that was not asked for': [good, /flags/, { flags: RUNTIME }],
      'an older hardened runtime': [
        await signed(...(await usual()), '--runtime-version', '10.13.0'),
        /hardened runtime is of version 10\.13\.0/,
        { runtimeVersions: ['11.0.0'] },
      ],
      'another team': [good, /team is not named/, { teamIds: ['TEAM123456'] }],
      'a library that calls itself a program': [good, /executable segment/, { isProgram: false }],
      'a ticket of its own': [
        { ...good, blobs: new Map([...good.blobs, [0x10002, Buffer.from('ticket')]]) },
        /slot 65538/,
      ],
      'constraints that were not there': [
        { ...good, blobs: new Map([...good.blobs, [8, Buffer.from('constraint')]]) },
        /constraints \(slot 8\)/,
      ],
    };
    for (const [name, [signature, why, more]] of Object.entries(lies))
      expect(signatureMismatch(signature, { ...asked, ...more }), name).toMatch(why);
  });

  test('keeps the constraints that the code had', async () => {
    const good = await signed(...(await usual()));
    const kept = new Map([[8, Buffer.from('constraint')]]);
    const constrained = { ...good, blobs: new Map([...good.blobs, ...kept]) };
    expect(signatureMismatch(constrained, { ...asked, kept })).toBeUndefined();
  });

  test('is taken by its DER entitlements, which the system reads', async () => {
    const { entitlementsDer: _, ...withoutDer } = await signed(...(await usual()));
    expect(signatureMismatch(withoutDer, asked)).toMatch(/lacks/);
    const { entitlementsDer } = await signed(...(await usual(debugging)));
    const mixed = { ...withoutDer, ...(entitlementsDer && { entitlementsDer }) };
    expect(signatureMismatch(mixed, asked)).toMatch(/in DER form are others/);
  });

  test('has no text among its entitlements that readers may take in different ways', async () => {
    const good = await signed(...(await usual()));
    const told = (entitlementsXml: string, more: Partial<ExpectedSignature> = {}) =>
      signatureMismatch({ ...good, entitlementsXml }, { ...asked, ...more });
    const xml = good.entitlementsXml ?? '';
    const withComment = xml.replace('<dict>', '<!-- more --><dict>');
    expect(told(withComment)).toMatch(/in different ways/);
    expect(told(withComment, { keptEntitlementsXml: withComment })).toBeUndefined();
    expect(told(xml.replace('<dict>', '<?more?><dict>'))).toMatch(/in different ways|are others/);
    expect(told(xml.replace(/<!DOCTYPE[^>]*>/, ''))).toBeUndefined();
  });

  test('made by codesign without an identity may have a unique identifier', async () => {
    const expected = { ...asked, identifiers: ['tool'], uniqueStem: 'tool' };
    const called = async (identifier: string) =>
      signatureMismatch(await signed(...(await usual()), '--binary-identifier', identifier), expected);
    expect(await called(`tool-55554944${'0a'.repeat(16)}`)).toBeUndefined();
    expect(await called('tool-of-another')).toMatch(/identifier/);
    expect(await called('other')).toMatch(/identifier/);
  });

  test('of a disk image has no more than an identifier', async () => {
    const path = join(folder, 'image.dmg');
    await makeBareDmg(path);
    await sign('ad hoc', path, '--binary-identifier', 'com.example.dmg');
    const { signature } = await readDmgSignature(path);
    const expected = { ...asked, identifiers: ['com.example.dmg'], flags: AD_HOC, isProgram: false };
    if (!signature) throw new Error('the image is not signed');
    expect(signatureMismatch(signature, { ...expected, entitlements: newDict() })).toBeUndefined();
    expect(
      signatureMismatch(signature, { ...expected, entitlements: newDict(), identifiers: ['x'] }),
    ).toMatch(/identifier/);
  });
});

describe('DER entitlements', () => {
  test('say what the property list says', async () => {
    const everything = plist(
      '<key>a</key><true/><key>b</key><string>ü</string><key>c</key><integer>-129</integer><key>d</key><integer>70000</integer><key>e</key><array><string>x</string><integer>0</integer></array><key>f</key><dict><key>g</key><false/></dict>',
    );
    const path = join(folder, 'everything.plist');
    await writeFile(path, everything);
    const { entitlementsDer } = await signed('-e', path);
    expect(parseDerEntitlements(entitlementsDer ?? Buffer.alloc(0))).toEqual(
      parsePlistDict(Buffer.from(everything), { name: 'entitlements' }),
    );
  });

  test('that do not follow the form are refused', () => {
    for (const hex of [
      '',
      '7000',
      '70050201010500',
      '30030101ff',
      '7003020101',
      '70050201 02b000'.replace(' ', ''),
    ])
      expect(() => parseDerEntitlements(Buffer.from(hex, 'hex')), hex).toThrow();
  });
});
