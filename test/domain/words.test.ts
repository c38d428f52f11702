import { expect, test } from 'vitest';
import { renderFailure } from '../../machines/contracts/failure.ts';
import { forAudience, say, textsOf, wording } from '../../machines/contracts/wording.ts';
import { parseCredentials } from '../../src/domain/credentials/index.ts';
import { summarizeCredentials } from '../../src/domain/credentials/summarize.ts';
import { parseManifest } from '../../src/domain/manifest/index.ts';
import { planJob, requireApiKey } from '../../src/domain/plan.ts';
import { ShipError } from '../../src/errors.ts';
import { words } from '../../src/words.ts';

const failureOf = (action: () => unknown) => {
  try {
    action();
  } catch (error) {
    if (error instanceof ShipError) return error.failure;
  }
  throw new Error('nothing was refused');
};
const job = { app_name: 'A', bundle_id: 'com.example.a', version: '1' };
const nothing = summarizeCredentials(parseCredentials({}));

test.each([
  ['a credential of no form', () => parseCredentials({ apple_key_id: '?' }), 'apple_key_id', '--key-id'],
  [
    'no identity',
    () => planJob(parseManifest({ ...job, targets: ['ios-sign'] }), nothing),
    'apple_certificate_p12_base64',
    '--p12 FILE',
  ],
  [
    'no key for Apple',
    () =>
      requireApiKey(
        planJob(parseManifest({ ...job, targets: ['ios-sign'], ios_distribute: 'appstore' }), {
          ...nothing,
          hasMainP12: true,
        }),
        nothing,
      ),
    'apple_p8_key',
    '--api-key FILE',
  ],
  [
    'a version of no form',
    () => parseManifest({ ...job, version: {}, targets: ['ios-sign'] }),
    'version',
    'CFBundleVersion',
  ],
])('%s is named by each reader’s own word', (_name, action, forHub, forTerminal) => {
  const failure = failureOf(action);
  expect(renderFailure(failure)).toContain(forHub);
  const told = renderFailure(failure, 'terminal');
  expect(told).toContain(forTerminal);
  expect(told).not.toMatch(/apple_|\bproject\b|\bhub\b|\bjob\b/);
});

test('what is added to a sentence is added for both readers', () => {
  const said = say({ summary: 'A.', reason: '', nextStep: wording`${words.configure} ${words.apiKey}.` });
  const { reason, ...rest } = textsOf(said);
  const longer = say({ ...rest, reason: wording`${reason} B.` });
  expect(forAudience(longer, 'hub')).toEqual({
    summary: 'A.',
    reason: 'B.',
    nextStep: 'Configure the App Store Connect API key of the project.',
  });
  expect(renderFailure(longer, 'terminal')).toBe(
    'A. B. Give --api-key FILE, --key-id ID and --issuer-id UUID.',
  );
});
