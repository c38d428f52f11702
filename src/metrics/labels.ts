import { failureCodes } from '../errors.ts';

/** Each value of a label is a time series of its own: only names that we know ourselves become one. */
export const codeLabel = (code: unknown): string =>
  typeof code === 'string' && Object.hasOwn(failureCodes, code) ? code : 'other';

export const labelAmong = (known: readonly string[], value: string): string =>
  known.includes(value) ? value : 'other';
