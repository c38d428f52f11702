/** A text from outside for a terminal: nothing of it may steer the terminal, or turn the direction of the line. */
export const plain = (text: string): string =>
  text.replace(/\p{Cc}|\p{Bidi_Control}|[\u2028\u2029]/gu, '\ufffd');
