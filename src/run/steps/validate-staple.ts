import { open } from 'node:fs/promises';
import { parse } from 'node:path/posix';
import { assembleFile } from '../../adapters/guest/assemble.ts';
import { putFile } from '../../adapters/guest/transfer.ts';
import { validateStaple as askStapler } from '../../adapters/xcode/index.ts';
import { withSignedFile } from '../../files/code-signature/signed-file.ts';
import { endOfTicket } from '../../files/xar/ticket.ts';
import { KOLY_BYTES } from '../../formats/udif/koly.ts';
import { signatureRange } from '../../formats/udif/read/koly.ts';
import { need } from '../run-results.ts';
import { artifactOf } from './artifact-place.ts';
import { crossCheck } from './second-opinion.ts';
import { type GuestStepScope, passOf } from './step.ts';

/**
 * Asks Apple's stapler whether the ticket fits. The guest still has the image as it was signed: stapling changed only
 * its end, so only that is sent.
 */
export async function validateStaple(scope: GuestStepScope): Promise<void> {
  const { results, session, signal, report } = scope;
  const guestImagePath = need(results, 'guestImagePath');
  const { path } = artifactOf(scope);
  const isPackage = passOf(scope).container === 'pkg';
  const { offset, bytes } = isPackage ? await endOfPackage(path) : await endOfImage(path);
  const { dir, name, ext } = parse(guestImagePath);
  const [endPath, stapledPath] = [`${dir}/${name}.end`, `${dir}/${name}-stapled${ext}`];
  await putFile(session, { source: bytes, remotePath: endPath, mode: 0o600, signal });
  const segments = [
    { remotePath: guestImagePath, fromByte: 0, sizeBytes: offset },
    { remotePath: endPath, fromByte: 0, sizeBytes: bytes.length },
  ];
  await assembleFile(session, { segments, remotePath: stapledPath, signal });
  const ask = () => askStapler(session, { path: stapledPath, signal });
  await crossCheck(
    {
      tool: 'stapler',
      subject: isPackage ? 'the installer package' : 'the disk image',
      ask,
      code: 'STAPLE_FAILED',
    },
    report,
  );
}

interface FileEnd {
  readonly offset: number;
  readonly bytes: Buffer;
}

/** The ticket, which stands behind everything else. */
const endOfPackage = (path: string): Promise<FileEnd> =>
  withSignedFile(path, async (file) => {
    const offset = await endOfTicket(file);
    if (offset === undefined) throw new Error('a stapled package has a ticket');
    return { offset, bytes: Buffer.from(await file.read(offset, file.sizeBytes - offset)) };
  });

/** From the code signature on. */
async function endOfImage(path: string): Promise<FileEnd> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    const trailer = Buffer.alloc(KOLY_BYTES);
    await file.read(trailer, 0, trailer.length, size - trailer.length);
    const signature = signatureRange(trailer, size);
    if (!signature) throw new Error('a stapled image has a signature');
    const bytes = Buffer.alloc(size - signature.offset);
    await file.read(bytes, 0, bytes.length, signature.offset);
    return { offset: signature.offset, bytes };
  } finally {
    await file.close();
  }
}
