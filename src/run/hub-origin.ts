import type { Config } from '../config/load.ts';

/** The hub that tokens may be sent to. */
export const originOf = ({ hubUrl, hubHttpUrl }: Pick<Config, 'hubUrl' | 'hubHttpUrl'>) => ({
  hubUrl,
  ...(hubHttpUrl !== undefined && { httpBaseUrl: hubHttpUrl }),
});
