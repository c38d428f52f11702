import { describe, expect, test } from 'vitest';
import type { TartResult } from '../../src/adapters/vm/tart/command.ts';
import { tartFailure } from '../../src/adapters/vm/tart/failures.ts';
import { createLimitWatch } from '../../src/adapters/vm/tart/limit-watch.ts';
import { hasImage, parseListing } from '../../src/adapters/vm/tart/listing.ts';
import { endingOf, outcomeOf } from '../../src/adapters/vm/tart/outcomes.ts';

const ended = (exitCode: number | null, stderr = '', stdout = ''): TartResult => ({
  ...{ exitCode, stderr, stdout },
  signal: exitCode === null ? 'SIGKILL' : null,
  timedOut: false,
});

const GC =
  'Failed to perform garbage collection: “tmp” couldn’t be removed because there isn’t enough space.';

describe('what a command ended with', () => {
  test.each([
    [0, '', 'succeeded'],
    [0, GC, 'succeeded'],
    [1, GC, 'failed'],
    [2, 'the specified VM "golden" does not exist', 'missing'],
    [1, 'Error: the specified VM "golden" does not exist', 'missing'],
    [2, 'VM "a" is not running', 'notRunning'],
    [2, 'VM "VM "a" is not running" is not running', 'notRunning'],
    [2, 'VM "a" is already running!', 'alreadyRunning'],
    [1, 'VM "a" is running', 'stillRunning'],
    [1, 'The number of VMs exceeds the system limit', 'limitReached'],
    [1, 'The number of VMs exceeds the system limit (other running VMs: job-a, job-b)', 'limitReached'],
    [
      1,
      'Error Domain=VZErrorDomain Code=6 "The maximum supported number of active virtual machines has been reached."',
      'limitReached',
    ],
    [
      1,
      'Error Domain=VZErrorDomain Code=1 "The virtual machine failed to start." UserInfo={…}',
      'keychainLocked',
    ],
    [1, 'Error Domain=VZErrorDomain Code=2 "Failed to lock auxiliary storage."', 'diskInUse'],
    [1, 'Error Domain=VZErrorDomain Code=12 "Something new."', 'failed'],
    [1, 'Error: “disk.img” couldn’t be copied because there isn’t enough space.', 'diskFull'],
    [1, 'Error: Failed("failed to lock /x/tmp/AB: Bad file descriptor")', 'lockLost'],
    [1, 'VM is missing some of its files (config.json, disk.img or nvram.bin)', 'incomplete'],
    [1, 'TART_HOME is invalid: /x', 'homeInvalid'],
    [1, 'RuntimeFailed(why: "Softnet process terminated prematurely")', 'softnetFailed'],
    [
      1,
      'Error: UnexpectedHTTPStatusCode(when: "pulling manifest", code: 404, details: "")',
      'registryFailed',
    ],
    [1, 'Error: CancellationError()', 'interrupted'],
    [
      64,
      "Error: Unknown option '--x'\nUsage: tart run\n  See 'tart run --help' for more information.",
      'notUnderstood',
    ],
    [1, 'no IP address found, is your VM running?', 'noAddress'],
    [1, 'Error: Truncated(name: "truncated DHCPD leases file")', 'noAddress'],
    [null, '', 'failed'],
  ])('%s %s → %s', (exitCode, stderr, outcome) => {
    expect(outcomeOf(ended(exitCode, stderr))).toBe(outcome);
  });

  test('a machine that ended, in words without a path of this host', () => {
    expect(endingOf(ended(0, '', 'guest has stopped the virtual machine'))).toBe(
      'the guest shut itself down ("tart run" exited with code 0)',
    );
    expect(
      endingOf(ended(0, '', 'guest has stopped the virtual machine due to error: /Users/x')),
    ).not.toContain('/Users');
    expect(endingOf(ended(null))).toBe('"tart run" was ended by SIGKILL');
    expect(endingOf(ended(1, '/Users/x'))).toBe('"tart run" exited with code 1');
  });

  test('what Tart said stays in the detail for the log', () => {
    const error = tartFailure(
      { summary: 'No.', code: 'VM_CLONE_FAILED' },
      ended(1, 'Error: /Users/operator/.tart is odd'),
    );
    expect(JSON.stringify(error.failure)).not.toContain('operator');
    expect(error.detail).toMatchObject({ stderr: expect.stringContaining('operator'), exitCode: 1 });
  });
});

describe('the list of machines', () => {
  test('is read with keys in any order and with escaped slashes', () => {
    const text =
      '[\n  {\n    "Running" : true, "State" : "running",\n "Name" : "a", "Source" : "local", "Disk" : 50\n  },\n  { "Source" : "OCI", "Name" : "r.test\\/mac\\/golden:2026", "State" : "stopped" }\n]';
    expect(parseListing(text)).toEqual([
      { name: 'a', isLocal: true, isRunning: true },
      { name: 'r.test/mac/golden:2026', isLocal: false, isRunning: false },
    ]);
    expect(parseListing('[\n\n]')).toEqual([]);
  });

  test.each(['', 'Source Name', '{}', '[{"Name":1}]', '[1]'])('is not made up from %j', (text) => {
    expect(parseListing(text)).toBeUndefined();
  });

  test('an image is found by its own name only', () => {
    const listed = [
      { name: 'golden', isLocal: true, isRunning: false },
      { name: 'r.test/mac/golden:latest', isLocal: false, isRunning: false },
    ];
    expect(
      ['golden', 'r.test/mac/golden', 'r.test/mac/golden:latest'].map((image) => hasImage(listed, image)),
    ).toEqual([true, true, true]);
    expect(
      ['silver', 'r.test/mac/golden:1', 'r.test:5000/mac/golden'].map((image) => hasImage(listed, image)),
    ).toEqual([false, false, false]);
  });
});

test('three refused machines in a row with none of ours alive are an alarm, and one that starts ends it', () => {
  const notes: string[] = [];
  const watch = createLimitWatch((level) => notes.push(level));
  const refusal = tartFailure({ summary: 'No.', code: 'VM_START_FAILED' }, ended(1, 'exceeds'));
  const isUsual = (name: string, others = 0) => watch.refused(name, others, refusal) === refusal;
  expect(['a', 'a', 'a', 'b'].map((name) => isUsual(name))).toEqual([true, true, true, true]);
  expect([isUsual('c', 1), isUsual('d'), isUsual('e')]).toEqual([true, true, true]);
  watch.started();
  expect(['f', 'g', 'h', 'h'].map((name) => isUsual(name))).toEqual([true, true, false, false]);
  expect(notes).toEqual(['error']);
});
