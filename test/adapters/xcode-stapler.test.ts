import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { validateStaple } from '../../src/adapters/xcode/index.ts';
import { never } from '../helpers/local-vm.ts';
import { bootXcodeGuest, type Knobs, type XcodeGuest } from '../helpers/xcode-guest.ts';

const APP = "job/It's an Äpp.app";

let guest: XcodeGuest;
beforeAll(async () => {
  guest = await bootXcodeGuest();
  const contents = join(guest.cloneDir, 'home', APP, 'Contents');
  await mkdir(contents, { recursive: true });
  await writeFile(join(contents, 'CodeResources'), 's8ch and the rest of a ticket');
});
afterAll(() => guest.remove());

const validate = async (knobs: Knobs, path = APP) => {
  await guest.setKnobs(knobs);
  return validateStaple(guest.session, { path, signal: never });
};

test('a stapled bundle holds; what is said names no path of the guest', async () => {
  expect(await validate({})).toEqual({
    holds: true,
    text: "Processing: It's an Äpp.app\nThe validate action worked!",
  });
  const [call] = await guest.calls();
  expect(call?.slice(0, 3)).toEqual(['xcrun', 'stapler', 'validate']);
});

describe('what stapler ends with', () => {
  test.each<[string | number, boolean, string]>([
    [65, false, 'Could not validate ticket'],
    [66, false, 'does not have a ticket stapled to it'],
    [77, false, 'revoked'],
  ])('%s: the staple does not hold', async (stapler, holds, text) => {
    expect(await validate({ stapler })).toMatchObject({ holds, text: expect.stringContaining(text) });
  });

  test.each(['65-record', 68, 73])('%s: it cannot say', async (stapler) => {
    expect(await validate({ stapler })).toBe('unknown');
  });

  test('0 without the words for success: it cannot say', async () => {
    expect(await validate({ stapler: 'quiet' })).toBe('unknown');
  });

  test('64, which is wrong usage: an error of the tool', async () => {
    await expect(validate({ stapler: 64 })).rejects.toMatchObject({ code: 'XCODE_TOOL_FAILED' });
  });
});

test('a path that is not there has no ticket', async () => {
  expect(await validate({}, 'job/none.app')).toMatchObject({ holds: false });
});

test.each<[string, Knobs, RegExp]>([
  ['no stapler', { missing: 'stapler' }, /unable to find utility "stapler"/],
  ['an unaccepted licence', { xcode: 'unlicensed' }, /not agreed to the Xcode license/],
  ['no developer folder', { xcode: 'none' }, /invalid active developer path/],
])('%s: the golden image has to be fixed', async (_, knobs, reason) => {
  await expect(validate(knobs)).rejects.toMatchObject({
    code: 'XCODE_TOOL_MISSING',
    failure: { kind: 'host', retryable: false, reason: expect.stringMatching(reason) },
  });
});

test('an aborted call rejects with the reason of the signal', async () => {
  const reason = new Error('enough');
  const aborted = AbortSignal.abort(reason);
  await expect(validateStaple(guest.session, { path: APP, signal: aborted })).rejects.toBe(reason);
});
