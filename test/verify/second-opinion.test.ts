import { describe, expect, test } from 'vitest';
import { openP12, type SigningIdentity } from '../../src/domain/identity/index.ts';
import { ShipError } from '../../src/errors.ts';
import { crossCheck, type Question } from '../../src/run/steps/second-opinion.ts';
import { sharedIdentity } from '../helpers/shared-identity.ts';

const selfMade = ((): SigningIdentity => {
  const commonName = 'Developer ID Application: Nobody (TEST123456)';
  const { p12, password } = sharedIdentity({ commonName, teamId: 'TEST123456' });
  return openP12(p12, password).identities[0] as SigningIdentity;
})();

/** What becomes of an answer: the lines that it leaves, or the code of the failure. */
async function heeded(ask: Question['ask'], more: Partial<Question> = {}) {
  const lines: string[] = [];
  const report = { log: (line: string) => void lines.push(line), progress: () => {}, moved: () => {} };
  try {
    await crossCheck({ tool: 'codesign', subject: 'the signed app', ask, ...more }, report);
    return lines;
  } catch (error) {
    return (error as ShipError).code ?? String(error);
  }
}

const says =
  (text: string, holds = false) =>
  async () => ({ holds, text });
const fails = (code: 'XCODE_TOOL_FAILED' | 'XCODE_TOOL_MISSING' | 'GUEST_LOST') => async () => {
  throw new ShipError(code, { summary: 'x', reason: 'z', nextStep: 'y' });
};

describe('a second opinion', () => {
  test('that agrees says nothing', async () => {
    expect(await heeded(says('valid on disk', true))).toEqual([]);
  });

  test.each([[undefined], ['STAPLE_FAILED' as const]])('that disagrees is believed (%s)', async (code) => {
    const sealed = says('App.app: a sealed resource is missing or invalid');
    expect(await heeded(sealed, code && { code })).toBe(code ?? 'SIGNATURE_INVALID');
  });

  test.each(['CSSMERR_TP_NOT_TRUSTED', 'Status: signed by untrusted certificate'])(
    'on a stranger (%s) is a line when the stranger signed on purpose',
    async (text) => {
      const [line] = await heeded(says(text), { identity: selfMade });
      expect(line).toMatch(/codesign does not trust who signed/);
      expect(await heeded(says(text))).toBe('SIGNATURE_INVALID');
    },
  );

  test('on the seal is believed whoever signed', async () => {
    const changed = says('App.app: invalid signature (code or signature have been modified)');
    expect(await heeded(changed, { identity: selfMade })).toBe('SIGNATURE_INVALID');
  });

  test.each([
    ['is not known', async () => 'unknown' as const],
    ['cannot be had from the tool', fails('XCODE_TOOL_FAILED')],
    ['comes from a tool that is not there', fails('XCODE_TOOL_MISSING')],
  ])('that %s is a line', async (_, ask) => {
    expect(await heeded(ask)).toEqual(['codesign could not say whether the signed app holds.']);
  });

  test('that is lost with the machine is a loss of the machine', async () => {
    expect(await heeded(fails('GUEST_LOST'))).toBe('GUEST_LOST');
  });
});
