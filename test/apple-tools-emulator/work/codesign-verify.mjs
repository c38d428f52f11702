/** `codesign-verify.mjs PATH`: what `codesign --verify --strict --verbose=2` says, by the seals of a bundle or file. */
import { stat } from 'node:fs/promises';
import { checkSealedBundle, checkSignature } from '../../../dist/src/files/code-signature/index.js';

const [path = ''] = process.argv.slice(2);
const { signal } = new AbortController();

function end(exitCode, ...lines) {
  process.stderr.write(lines.map((line) => `${line}\n`).join(''));
  process.exit(exitCode);
}

const stats = await stat(path).catch(() => end(1, `${path}: No such file or directory`));
const { findings } = stats.isDirectory()
  ? await checkSealedBundle(path, { signal })
  : await checkSignature(path, { signal });
if (findings.some(({ code }) => code === 'SIGNATURE_MISSING'))
  end(1, `${path}: code object is not signed at all`);
const [finding] = findings;
if (finding)
  end(1, `${path}: a sealed resource is missing or invalid`, `file modified: ${path}/${finding.path}`);
end(0, `${path}: valid on disk`, `${path}: satisfies its Designated Requirement`);
