import * as z from 'zod';
import type { contentOf } from './account.ts';
import { sha256 } from './chain-line.ts';
import { signatureFacts } from './facts.ts';

const count = z.int().nonnegative();
const sentFile = z.object({ name: z.string(), bytes: count, sha256Hex: sha256 });

/** What a line of the kind `signed` holds beside that of every line; fields are added, never renamed. */
export const signedLine = z.object({
  job: z.string(),
  run: z.string(),
  madeBy: z.enum(['packed', 'packedAnew', 'stapled', 'recalled']),
  pass: count,
  asker: z.object({ hub: z.string().nullable(), worker: z.string() }),
  ...signatureFacts.shape,
  /** Not in lines of older versions. */
  builtWith: signatureFacts.shape.builtWith.default(null),
  artifact: sentFile,
  tools: z.object({
    perryShip: z.string(),
    toolchain: z.string().nullable(),
    rcodesign: z.string().nullable(),
  }),
  machine: z.object({
    driver: z.string(),
    name: z.string(),
    image: z.string(),
    imageSha256Hex: sha256.nullable(),
    imageBuiltAt: z.string().nullable(),
    imageOf: z.string().nullable(),
  }),
  provenance: sentFile.nullable(),
}) satisfies z.ZodType<ReturnType<typeof contentOf>>;

export type SignedLine = z.output<typeof signedLine>;
