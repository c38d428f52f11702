import { expect, test } from 'vitest';
import { readActoolReport } from '../../src/adapters/xcode/actool-report.ts';
import { plist } from '../helpers/rcodesign-fixtures.ts';

const entry = (message: string, more = ''): string =>
  `<dict><key>message</key><string>${message}</string><key>type</key><string>x</string>${more}</dict>`;
const key = (name: string, value: string): string => `<key>com.apple.actool.${name}</key>${value}`;

test('a report without messages has neither errors nor remarks', () => {
  const report = plist(
    key('compilation-results', '<dict/>') + key('errors', '<array/>') + key('document.errors', '<dict/>'),
  );
  expect(readActoolReport(report)).toEqual({ errors: [], remarks: [] });
});

test('messages stand alone or by document, and are told once', () => {
  const report = plist(
    key('errors', `<array>${entry('one')}</array>`) +
      key(
        'document.errors',
        `<dict><key>/a.xcassets</key><array>${entry('two')}${entry('one')}</array></dict>`,
      ) +
      key('document.warnings', `<array>${entry('three')}</array>`) +
      key('notices', `<array>${entry('four', '<key>failure-reason</key><string>why</string>')}</array>`),
  );
  expect(readActoolReport(report)).toEqual({ errors: ['one', 'two'], remarks: ['three', 'four why'] });
});

test('an error of unknown form is an error all the same', () => {
  expect(readActoolReport(plist(key('errors', '<string>no</string>'))).errors).toEqual(['no']);
  expect(readActoolReport(plist(key('document.errors', '<array><dict/></array>'))).errors).toHaveLength(1);
});

test('what comes before the report is passed over; something else is refused', () => {
  expect(readActoolReport(`a remark\n${plist('')}`)).toEqual({ errors: [], remarks: [] });
  expect(() => readActoolReport('actool: done')).toThrow('neither an XML nor a binary plist');
});
