/**
 * True for an identifier that code can be signed under. Apple asks for no form; quotes and control characters would
 * end the text of the requirement in which the bundle around it names it.
 */
export const isCodeIdentifier = (text: string): boolean =>
  text !== '' && Buffer.byteLength(text) <= 255 && !/["\\\p{Cc}]/u.test(text);
