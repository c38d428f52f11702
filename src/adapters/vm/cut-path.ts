import { basename } from 'node:path/posix';

/** Replaces the path of the guest, and the home before a relative one, by the last name in it. */
export const cutPath = (remotePath: string): ((text: string) => string) => {
  const literal = remotePath.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const path = new RegExp(remotePath.startsWith('/') ? literal : `(?:/[^\\s:]*/)?${literal}`, 'g');
  return (text) => text.replace(path, () => basename(remotePath));
};
