import { describe, expect, test } from 'vitest';
import { failureCodes } from '../../src/errors.ts';
import { startCli } from '../integration/cli.ts';

async function call(...words: string[]) {
  const cli = startCli({}, 'explain', ...words);
  return { code: await cli.ended, text: cli.lines.join('\n') };
}

describe('perry-ship explain', () => {
  test.each(['P12_PASSWORD_WRONG', 'p12-password-wrong', ' p12_password_wrong '])('%j', async (word) => {
    const { code, text } = await call(word);
    expect(code).toBe(0);
    expect(text).toMatch(
      /^P12_PASSWORD_WRONG\n {2}means {6}The password.*\n {2}who acts {3}the job's sender\n/,
    );
    expect(text).toContain('perry-ship identity FILE.p12');
  });

  test('one and all as JSON', async () => {
    const [one, all] = await Promise.all([call('VM_LIMIT_REACHED', '--json'), call('--json')]);
    const entry = JSON.parse(one.text);
    expect(entry).toMatchObject({ ok: true, code: 'VM_LIMIT_REACHED', whoActs: 'the operator' });
    const { codes } = JSON.parse(all.text);
    expect(codes.map((each: { code: string }) => each.code)).toEqual(Object.keys(failureCodes).sort());
    for (const each of codes) expect(Object.values(each).every((value) => value !== '')).toBe(true);
  });

  test('without a code, a line for each', async () => {
    const { code, text } = await call();
    expect([code, text.split('\n').length]).toEqual([0, Object.keys(failureCodes).length]);
  });

  test.each([
    ['P12_PASWORD_WRONG', 'Did you mean P12_PASSWORD_WRONG?'],
    ['stapl', 'Did you mean STAPLE_FAILED?'],
    ['privacy', 'Did you mean PRIVACY_MANIFEST_INVALID?'],
    ['entitlement', 'Did you mean one of ENTITLEMENT_DOUBTFUL, ENTITLEMENT_NOT_ALLOWED'],
    ['FROBNICATE', '"perry-ship explain" lists them all.'],
    ['', 'lists them all'],
    ['\u001b[2J', 'lists them all'],
  ])('%j is answered with what was probably meant', async (word, advice) => {
    const { code, text } = await call(word);
    expect([code, text]).toEqual([2, expect.stringContaining(advice)]);
    expect(text).not.toContain('\u001b');
    const json = await call(word, '--json');
    expect(json.text).toContain('"code": "COMMAND_USAGE_WRONG"');
  });
});
