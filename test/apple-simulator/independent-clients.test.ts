import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createApiTokens } from '../../src/adapters/apple/api-token.ts';
import { isInstalled } from '../helpers/dmg-tree.ts';
import { apiIssuerId, apiKeyId, makeApiKey } from '../helpers/notary-room.ts';
import { type AppleSimulator, startAppleSimulator } from './apple-simulator.ts';

/** A program that was written for the real S3 judges the simulator's reading of its rules. */
const execute = promisify(execFile);
const key = makeApiKey();
const room: { apple: AppleSimulator } = {} as never;
beforeAll(async () => {
  room.apple = await startAppleSimulator({ apiKeys: [key.known] });
});
afterAll(() => room.apple.stop());

const hasCurl = await isInstalled('curl');
if (!hasCurl) console.error('Skipped: curl is not installed.');
const CONTENT_SHA256 = 'ed7002b439e9ac845f22357d822bac1444730fbdb6016d3ec9432297b9ec9f73';

test.skipIf(!hasCurl)(
  'curl signs for S3: with %3A it is taken, with a raw colon or another secret it is not',
  async () => {
    const tokens = createApiTokens({
      keyId: apiKeyId,
      issuerId: apiIssuerId,
      privateKeyPem: key.privateKeyPem,
    });
    const submitted = await fetch(`${room.apple.url}/notary/v2/submissions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${tokens.current()}` },
      body: JSON.stringify({ sha256: 'ab'.repeat(32), submissionName: 'x.dmg' }),
    });
    const { data } = (await submitted.json()) as { data: { attributes: Record<string, string> } };
    const { awsAccessKeyId, awsSecretAccessKey, awsSessionToken, bucket, object = '' } = data.attributes;
    const put = async (path: string, secret = awsSecretAccessKey) => {
      const { stdout } = await execute('curl', [
        ...['-s', '-o', '/dev/null', '-w', '%{http_code}', '-X', 'PUT', '--data-binary', 'content'],
        ...['--aws-sigv4', 'aws:amz:us-west-2:s3', '-u', `${awsAccessKeyId}:${secret}`],
        ...['-H', `x-amz-security-token: ${awsSessionToken}`, '-H', 'content-type: application/octet-stream'],
        ...['-H', `x-amz-content-sha256: ${CONTENT_SHA256}`],
        `${room.apple.url}/s3/${bucket}/${path}`,
      ]);
      return stdout;
    };
    expect(await put(object.replace(':', '%3A'))).toBe('200');
    expect(await put(object)).toBe('403');
    expect(await put(object.replace(':', '%3A'), 'another')).toBe('403');
  },
);
