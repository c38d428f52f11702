/** A word as one types it into a shell, or into a hook of mmdebstrap, which reads words in the same way. */
export const shellWord = (text: string): string =>
  /^[A-Za-z0-9_./:=,@%+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
