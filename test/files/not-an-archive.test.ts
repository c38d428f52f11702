import { expect, test } from 'vitest';
import { refuseFormat } from '../../src/files/archive/not-an-archive.ts';

const told = (origin: 'hub' | 'file', firstBytes: Buffer) =>
  refuseFormat({ origin, archiveBytes: firstBytes.length }, firstBytes).failure;

test('nothing is said to be corrupt when it is empty', () => {
  const file = told('file', Buffer.alloc(0));
  expect(file).toMatchObject({ code: 'BUNDLE_NOT_ARCHIVE', summary: 'The file is empty.' });
  expect(told('hub', Buffer.alloc(0)).summary).toBe('The hub delivered an empty bundle.');
});

test.each([
  ['cffaedfe', 'a program (Mach-O)'],
  ['cafebabe', 'a program (Mach-O)'],
  ['fd377a58', 'xz'],
  ['425a6839', 'bzip2'],
  ['78617221', 'installer package'],
  ['3c68746d', 'web page'],
])('a file that starts with %s is told as %s', (hex, what) => {
  const { reason, nextStep } = told('file', Buffer.from(hex, 'hex'));
  expect(reason).toContain(what);
  expect(nextStep).toContain('<name>.app folder');
});

test('of what is not known the first bytes are shown', () => {
  expect(told('hub', Buffer.from('68656c6c', 'hex')).reason).toContain('68656c6c');
});
