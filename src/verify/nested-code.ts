import type { CodeReport, SealReport, SignatureFacts } from '../files/code-signature/index.ts';
import type { ArtifactFinding } from './report.ts';

/**
 * How nested code fits the app around it. iOS runs no code of another signer; macOS does where library validation is
 * off, and an app may be sound without the hardened runtime in a helper, though it will not be notarized.
 */
export function nestedRemarks(
  { mainExecutable, nested }: SealReport,
  platform: 'macos' | 'ios',
): { readonly findings: readonly ArtifactFinding[]; readonly warnings: readonly string[] } {
  const [main] = mainExecutable?.signatures ?? [];
  if (!main) return { findings: [], warnings: [] };
  const strangers = nested.filter(({ signatures }) =>
    signatures.some((code) => signerOf(code) !== signerOf(main)),
  );
  const soft = nested.filter(({ signatures }) => main.hardenedRuntime && signatures.some(lacksRuntime));
  const softWarnings = [
    ...soft.map(({ path }) => `"${path}" has no hardened runtime, which the app has.`),
    ...nested.flatMap(misnamed),
  ];
  if (platform === 'ios') return { findings: strangers.map(foreign), warnings: softWarnings };
  return { findings: [], warnings: [...strangers.map((code) => foreign(code).message), ...softWarnings] };
}

/** launchd installs a privileged helper only when both names are one. */
export const misnamed = ({ path, signatures }: CodeReport): string[] =>
  signatures
    .filter(({ identifier, embeddedId }) => embeddedId !== undefined && embeddedId !== identifier)
    .map(
      ({ identifier, embeddedId }) =>
        `"${path}" is signed as "${identifier}", and the Info.plist in it says "${embeddedId}".`,
    );

const signerOf = ({ cms }: SignatureFacts): string => cms?.signer?.sha256Hex ?? '';

/** Bit 0 marks the main binary of a process; libraries run under the flags of whoever loads them. */
const lacksRuntime = ({ hardenedRuntime, executableSegmentFlags }: SignatureFacts): boolean =>
  !hardenedRuntime && (executableSegmentFlags & 1) !== 0;

const foreign = ({ path }: CodeReport): ArtifactFinding => ({
  code: 'CERTIFICATE_WRONG',
  path,
  message: `"${path}" is signed by another certificate than the app.`,
});
