import { ShipError } from '../../errors.ts';
import { refuseSize } from '../../files/archive/refusals.ts';
import { decodeBase64 } from '../../formats/base64/decode.ts';

/**
 * Decodes the base64 text that the hub sends a bundle as, while it arrives.
 *
 * @param maxBytes - cap on the decoded archive
 * @returns blocks of 256 KiB (the last one shorter)
 * @throws ShipError BUNDLE_BASE64_CORRUPT with the position in the text · BUNDLE_TOO_LARGE · errors of the source
 */
export const decodeBundleText = (
  source: AsyncIterable<Uint8Array>,
  maxBytes = Number.POSITIVE_INFINITY,
): AsyncGenerator<Buffer, void> => decodeBase64(source, { maxBytes, corrupt, tooLarge: refuseSize });

const corrupt = (reason: string): ShipError =>
  new ShipError('BUNDLE_BASE64_CORRUPT', {
    summary: 'The hub delivered a corrupt bundle: its base64 text is damaged.',
    reason,
    nextStep: 'Start the build again; if it stays so, tell the operator of the hub.',
  });
