import { expect, test } from 'vitest';
import { pathIdentifier } from '../../src/domain/code-signature/path-identifier.ts';

/** The table of rcodesign 0.29.0's own test, and some more. */
const names = [
  ['foo', 'foo'],
  ['foo.dylib', 'foo'],
  ['.foo', ''],
  ['123', '123'],
  ['.foo.dylib', '.foo'],
  ['123.dylib', '123'],
  ['123.42', '123.42'],
  ['foo1', 'foo1'],
  ['foo1.dylib', 'foo1'],
  ['foo1.2.dylib', 'foo1'],
  ['foo1.2', 'foo1'],
  ['foo1.2.3.4.dylib', 'foo1'],
  ['foo.1', 'foo.1'],
  ['foo.1.2.3', 'foo.1'],
  ['foo.1.2.dylib', 'foo.1'],
  ['foo.1.dylib', 'foo.1'],
  ['libcrypto.3.dylib', 'libcrypto.3'],
  ['tool.node', 'tool'],
] as const;

test.each(names)('%s is called %s', (name, identifier) => {
  expect(pathIdentifier(name)).toBe(identifier);
});
