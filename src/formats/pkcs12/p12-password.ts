/**
 * One way in which a PKCS#12 writer may have turned the password into bytes. The old encryption forms and the
 * integrity check use UTF-16 with a closing zero (RFC 7292, B.1), the new ones (PBES2) use UTF-8.
 */
export interface PasswordForm {
  readonly utf16: Buffer;
  readonly utf8: Buffer;
}

/** All forms that occur in practice, the most likely first. */
export function passwordForms(password: string): readonly PasswordForm[] {
  const utf8 = Buffer.from(password, 'utf8');
  const usual = { utf16: utf16be(`${password}\0`), utf8 };
  // An empty password is "\0" for some writers and nothing at all for others.
  if (password === '') return [usual, { utf16: Buffer.alloc(0), utf8 }];
  // OpenSSL before 1.1 widened each byte of the UTF-8 form.
  if (utf8.length !== password.length)
    return [usual, { utf16: utf16be(`${utf8.toString('latin1')}\0`), utf8 }];
  return [usual];
}

const utf16be = (text: string): Buffer => Buffer.from(text, 'utf16le').swap16();
