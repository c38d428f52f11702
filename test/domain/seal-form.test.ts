import { describe, expect, test } from 'vitest';
import { sealFormFault } from '../../src/domain/code-signature/seal-form.ts';
import { buildPlist, parsePlistDict } from '../../src/formats/plist/index.ts';

const data = '<data>AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=</data>';
const omit = (weight: number) => `<dict><key>omit</key><true/><key>weight</key><real>${weight}</real></dict>`;
const flatRules = `<key>^.*</key><true/><key>^Info\\.plist$</key>${omit(20)}<key>^(.*/)?\\.DS_Store$</key>${omit(2000)}`;
const deepRules = `${flatRules}<key>^Resources/</key><dict><key>weight</key><real>20</real></dict>`;

interface Parts {
  readonly files?: string;
  readonly files2?: string;
  readonly rules?: string;
  readonly rules2?: string;
  readonly more?: string;
}

const seal = ({ files = '', files2 = '', rules = '', rules2 = flatRules, more = '' }: Parts): Buffer =>
  Buffer.from(
    `<?xml version="1.0" encoding="UTF-8"?><plist version="1.0"><dict><key>files</key><dict>${files}</dict><key>files2</key><dict>${files2}</dict><key>rules</key><dict>${rules}</dict><key>rules2</key><dict>${rules2}</dict>${more}</dict></plist>`,
  );

const there = new Set(['text', 'en.lproj/a.strings', 'Info.plist']);
const { signal } = new AbortController();
const faultOf = (parts: Parts) => sealFormFault(seal(parts), async (path) => there.has(path), signal);

const file = (path: string, optional = false) =>
  `<key>${path}</key><dict><key>hash2</key>${data}${optional ? '<key>optional</key><true/>' : ''}</dict>`;

describe('a seal', () => {
  test.each([
    ['flat', flatRules],
    ['deep', deepRules],
  ])('with the usual rules, %s, is like any other', async (_, rules2) => {
    expect(await faultOf({ rules2, rules: '<key>^version.plist$</key><true/>' })).toBeUndefined();
    const files2 = file('text') + file('en.lproj/a.strings', true);
    expect(await faultOf({ rules2, files2, files: `<key>Info.plist</key>${data}` })).toBeUndefined();
  });

  const lies: Record<string, readonly [Parts, RegExp]> = {
    'leaves out more': [{ rules2: `${flatRules}<key>^plugins/</key>${omit(30)}` }, /rule "\^plugins\/"/],
    'leaves out all': [{ rules2: `<key>^.*</key>${omit(1)}` }, /rule "\^\.\*"/],
    'gives a rule another weight': [
      { rules2: `${flatRules}<key>^Base\\.lproj/</key><dict><key>weight</key><real>3000</real></dict>` },
      /Base/,
    ],
    'has no rule for all': [{ rules2: `<key>^Info\\.plist$</key>${omit(20)}` }, /no rule for all/],
    'has a rule for another layout': [
      {
        rules2: `${flatRules}<key>^[^/]+$</key><dict><key>nested</key><true/><key>weight</key><real>10</real></dict>`,
      },
      /rule/,
    ],
    'has an older rule that leaves out all': [{ rules: `<key>^.*</key>${omit(1)}` }, /rule "\^\.\*"/],
    'lets a file be missing': [{ files2: file('text', true) }, /lets "text" be missing/],
    'has a place for a file to come': [
      { files2: file('fr.lproj/a.strings', true) },
      /"fr.lproj\/a.strings", which/,
    ],
    'names an older file that is not there': [
      { files: `<key>evil</key>${data}` },
      /"evil", which is not there/,
    ],
    'has another part': [{ more: '<key>files3</key><dict/>' }, /part "files3"/],
    'holds a comment': [{ more: '<!-- <key>files3</key> -->' }, /in different ways/],
    'holds text of another kind': [{ files2: '<![CDATA[<key>]]>' }, /in different ways/],
    'holds an instruction': [{ rules: '<?more?>' }, /in different ways/],
  };
  test.each(Object.entries(lies))('that %s is found out', async (_, [parts, why]) => {
    expect(await faultOf(parts)).toMatch(why);
  });

  test('that names many files is given up while they are looked for', async () => {
    const abort = new AbortController();
    const files = Array.from({ length: 1_000 }, (_, index) => `<key>${index}</key>${data}`).join('');
    let looks = 0;
    const isThere = async () => {
      looks += 1;
      if (looks === 10) abort.abort(new Error('enough'));
      return true;
    };
    await expect(sealFormFault(seal({ files }), isThere, abort.signal)).rejects.toThrow('enough');
    expect(looks).toBe(10);
  });

  test('in the binary form is found out, whatever it says', async () => {
    const binary = buildPlist(parsePlistDict(seal({}), { name: 'seal' }), 'binary');
    expect(await sealFormFault(binary, async () => true, signal)).toMatch(/does not write/);
  });

  test('that is none is refused', async () => {
    await expect(sealFormFault(Buffer.from('none'), async () => true, signal)).rejects.toMatchObject({
      code: 'SIGNATURE_MALFORMED',
    });
  });
});
