/** HTTP Basic (RFC 7617) for a user and a secret. */
export const basic = (user: string, token: string): string =>
  `Basic ${Buffer.from(`${user}:${token}`).toString('base64')}`;
