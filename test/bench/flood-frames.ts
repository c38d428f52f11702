import { instantSubmission } from '../helpers/instant-daemon.ts';
import type { Flood } from './flood-messages.ts';

const MEBIBYTE = 1024 * 1024;

export interface FrameOptions {
  readonly flood: Flood;
  readonly jobId: string;
  /** Where bundles are asked for, and no answer comes. */
  readonly bundleUrl: string;
}

/** One assignment of a flood, as text. */
export function floodFrame({ flood, jobId, bundleUrl }: FrameOptions): string {
  const { manifest } = instantSubmission;
  return JSON.stringify({
    ...{ type: 'job_assign', job_id: jobId, auth_token: `token-of-${jobId}` },
    manifest: flood === 'lists of 8 MB' ? { ...manifest, permissions: longList() } : manifest,
    credentials: credentialsOf(flood, jobId),
    ...{ tarball_url: `${bundleUrl}/${jobId}`, artifact_upload_url: `${bundleUrl}/${jobId}` },
  });
}

function credentialsOf(flood: Flood, jobId: string): object {
  const password = { apple_certificate_password: `password of ${jobId}` };
  if (flood === 'credentials of 1 MB')
    return { ...password, apple_certificate_p12_base64: 'A'.repeat(MEBIBYTE) };
  if (flood === 'frames of 60 MB')
    return { ...password, apple_certificate_p12_base64: 'A'.repeat(60 * MEBIBYTE) };
  return password;
}

/** As many texts as may be in a frame, and together as long as it may be. */
const longList = (): string[] => Array.from({ length: 9_500 }, () => 'x'.repeat(830));
