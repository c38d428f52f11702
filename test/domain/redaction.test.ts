import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { lineSplitter } from '../../src/adapters/guest/ssh/collect.ts';
import { parseCredentials, refuseToldPasswords, secretsIn } from '../../src/domain/credentials/index.ts';
import { createRedactor, redactWith } from '../../src/domain/redaction/index.ts';
import { formsOf } from '../../src/domain/redaction/secret-forms.ts';

/** Printable, with everything that some encoding writes in another way. */
const secret = fc
  .string({ unit: fc.constantFrom(...'aZ09 +/=%"\\&\'()*é日😀'), minLength: 8, maxLength: 60 })
  .map((text) => `<${text}>`);
const around = fc.string({ unit: fc.constantFrom(...'xyz {}\n'), maxLength: 40 });

describe('a secret is hidden', () => {
  test.each<[form: string, print: (text: string) => string]>([
    ['as it is', (text) => text],
    ['percent-encoded', encodeURIComponent],
    [
      'percent-encoded in small letters',
      (text) => encodeURIComponent(text).replace(/%../g, (c) => c.toLowerCase()),
    ],
    ['in JSON', (text) => JSON.stringify(text).slice(1, -1)],
  ])('%s', (_, print) => {
    fc.assert(
      fc.property(secret, around, around, (text, before, after) => {
        const clean = redactWith([text])(before + print(text) + after);
        expect(clean).toBe(`${before}[redacted]${after}`);
      }),
    );
  });

  test('inside of a base64 text, wherever it begins', () => {
    fc.assert(
      fc.property(
        secret,
        fc.uint8Array({ maxLength: 9 }),
        fc.uint8Array({ maxLength: 9 }),
        (text, before, after) => {
          const printed = Buffer.concat([before, Buffer.from(text), after]).toString('base64');
          const clean = redactWith([text])(printed);
          expect(clean).toContain('[redacted]');
          // the ends share characters with what is beside them
          expect(clean.replace('[redacted]', '').length).toBeLessThan(
            ((before.length + after.length) / 3) * 4 + 12,
          );
        },
      ),
    );
  });

  test('when the guest sends it in pieces', () => {
    fc.assert(
      fc.property(secret, fc.infiniteStream(fc.integer({ min: 1, max: 7 })), (text, sizes) => {
        const lines: string[] = [];
        const splitter = lineSplitter((line) => lines.push(line));
        const bytes = Buffer.from(`before ${text} after\n`);
        for (let at = 0; at < bytes.length; ) {
          const size = sizes.next().value ?? 1;
          splitter.add(bytes.subarray(at, at + size));
          at += size;
        }
        splitter.end();
        expect(lines.map(redactWith([text]))).toEqual(['before [redacted] after']);
      }),
    );
  });

  test('also when it was cut at the end of a text', () => {
    const redact = redactWith(['correct-horse-battery']);
    expect(redact('the password correct-hors')).toBe('the password [redacted]');
    expect(redact('the password corr')).toBe('the password corr');
  });

  test('also when it was cut at the beginning of a text, or into the pieces of a very long line', () => {
    const redact = redactWith(['correct-horse-battery']);
    expect(redact('se-battery is wrong')).toBe('[redacted] is wrong');
    expect(redact('ttery is wrong')).toBe('ttery is wrong');
    for (let before = 16_384 - 21; before <= 16_384; before += 1) {
      const lines: string[] = [];
      const splitter = lineSplitter((line) => lines.push(redact(line)));
      splitter.add(Buffer.from(`${'x'.repeat(before)}correct-horse-battery end\n`));
      const told = lines.join('').replaceAll('[redacted]', '').replace(/^x*/, '');
      expect(told.length).toBeLessThanOrEqual(' end'.length + 5);
    }
  });

  test('line by line, and a file in any part of it', () => {
    const file = Buffer.from(Array.from({ length: 3_000 }, (_, index) => (index * 7) % 251)).toString(
      'base64',
    );
    const redact = redactWith([`-----BEGIN KEY-----\nfirst-line-of-it\nlast\n-----END KEY-----\n`, file]);
    expect(redact('read first-line-of-it')).toBe('read [redacted]');
    expect(redact('-----BEGIN KEY----- of another')).toBe('-----BEGIN KEY----- of another');
    expect(redact(`x ${file} y`)).toBe('x [redacted] y');
    expect(redact(`x ${file.slice(640, 1_280)} y`)).toBe('x [redacted] y');
  });

  test('each of thousands of lines that begin alike, in no more forms than there is room for', () => {
    const lines = Array.from({ length: 3 }, (_, file) =>
      Array.from({ length: 400 }, (_, line) => `一${String.fromCharCode(0x5000 + 400 * file + line)}bcdé日`),
    );
    const secrets = lines.map((file) => file.join('\n'));
    const { words, texts } = formsOf(secrets);
    expect([...words, ...texts].join('').length).toBeLessThanOrEqual(128 * 1024);
    const redact = redactWith(secrets);
    for (const line of lines.flat()) expect(redact(`x ${line} y`)).toBe('x [redacted] y');
    expect(redact('一'.repeat(20_000))).toBe('一'.repeat(20_000));
  });

  test('of more jobs at once than there are matchers kept', () => {
    const redactor = createRedactor();
    const jobs = Array.from({ length: 40 }, (_, index) => `job-${index}`);
    for (const job of jobs) redactor.add(job, [`secret-of-${job}.`], job);
    for (const job of [...jobs, ...jobs])
      expect(redactor.ofJob(job)(`a secret-of-${job}. b`)).toBe('a [redacted] b');
  });

  test('whatever it is made of, and nothing throws', () => {
    const any = fc.string({ unit: 'binary', maxLength: 100 });
    const odd = fc.oneof(any, fc.constantFrom('\ud800-lone-half', '$&$1-dollars', '__proto__', '.*.*.*.*'));
    fc.assert(
      fc.property(fc.array(odd, { maxLength: 5 }), any, (secrets, text) => {
        const redact = redactWith(secrets);
        for (const each of secrets.filter(({ length }) => length >= 6))
          expect(redact(text + each)).not.toContain(each);
      }),
    );
  });

  test('in one pass, however many there are and however much they have in common', () => {
    const secrets = Array.from({ length: 300 }, (_, index) => `${'a'.repeat(60)}${index}-`);
    const text = 'a'.repeat(200_000);
    // it ends in what may be the beginning of each
    expect(redactWith(secrets)(text)).toBe(`${text.slice(60)}[redacted]`);
  });
});

describe('a short secret', () => {
  test('is hidden as a word, never inside of one', () => {
    const redact = redactWith(['1234']);
    expect(redact('password 1234, not 12345 or x1234')).toBe('password [redacted], not 12345 or x1234');
  });

  test('of three letters is too easily guessed to be hidden', () => {
    expect(redactWith(['abc', ''])('abc')).toBe('abc');
  });
});

test('one job never blanks the words of another, nor those of the worker', () => {
  const redactor = createRedactor();
  redactor.add('worker', ['worker-secret']);
  redactor.add('run-a', ['Signing'], 'a');
  redactor.add('run-b', ['bundle'], 'b');
  const text = 'Signing bundle with worker-secret';
  expect(redactor.ofJob('a')(text)).toBe('[redacted] bundle with [redacted]');
  expect(redactor.ofJob('b')(text)).toBe('Signing [redacted] with [redacted]');
  expect(redactor.ofJob('c')(text)).toBe('Signing bundle with [redacted]');
  expect(redactor.ofWorker(text)).toBe('Signing bundle with [redacted]');
  expect(redactor.ofAnyJob(text)).toBe('[redacted] [redacted] with [redacted]');
  redactor.add('run-a', ['bundle'], 'a');
  expect(redactor.ofJob('a')(text)).toBe('[redacted] [redacted] with [redacted]');
  redactor.forget('run-a');
  expect(redactor.ofJob('a')(text)).toBe('Signing bundle with [redacted]');
});

describe('of the credentials of a job', () => {
  test('only the secret fields that signing knows are secrets', () => {
    const raw = {
      apple_certificate_password: 'hunter2',
      apple_team_id: 'ABCDE12345',
      x1: 'Signing',
      android: 'key',
    };
    expect(secretsIn(raw)).toEqual(['hunter2']);
    expect(secretsIn(['hunter2'])).toEqual([]);
    expect(secretsIn({ apple_certificate_password: 7 })).toEqual([]);
  });

  test.each([
    ['bundle_id', { bundle_id: 'com.example.hunter22' }, 'hunter22'],
    ['job_id', { job_id: 'job-of-hunter22' }, 'hunter22'],
    ['the codes of errors', {}, 'P12_PASSWORD_WRONG'],
  ])('a password that is a part of %s is refused, and not told', (name, told, password) => {
    const refuse = () => refuseToldPasswords({ apple_installer_certificate_password: password }, told);
    expect(refuse).toThrow(
      `apple_installer_certificate_password cannot be used: it is also a part of ${name}.`,
    );
    if (name !== 'the codes of errors') expect(refuse).not.toThrow(password);
  });

  test.each(['', '1234', 'demo'])(
    'a short password such as "%s" signs, whatever the app is called',
    (password) => {
      const raw = { apple_certificate_p12_base64: 'AAAA', apple_certificate_password: password };
      refuseToldPasswords(raw, { app_name: 'demo 1234', job_id: 'a-1234-b' });
      expect(parseCredentials(raw).main?.password).toBe(password);
    },
  );

  test('a password with half a character is refused', () => {
    expect(() => parseCredentials({ apple_certificate_password: '\ud800abcdef' })).toThrow(
      /half a character/,
    );
  });
});
