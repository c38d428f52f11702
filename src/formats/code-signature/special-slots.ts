import { type CodeDirectory, specialSlot } from './code-directory.ts';
import { type EmbeddedSignature, slots } from './embedded-signature.ts';
import { digestOf } from './hash-kind.ts';
import { type Problem, problem } from './problem.ts';

/** Bytes that lie outside the code and the superblob; absent means the file or section does not exist. */
export interface BoundContent {
  readonly infoPlist?: Buffer;
  readonly codeResources?: Buffer;
  readonly repSpecific?: Buffer;
}

const names: ReadonlyArray<readonly [number, string]> = [
  [slots.infoPlist, 'Info.plist'],
  [slots.requirements, 'requirement set'],
  [slots.codeResources, 'CodeResources'],
  [4, 'application-specific content'],
  [slots.entitlements, 'entitlements'],
  [slots.repSpecific, 'disk image trailer'],
  [slots.derEntitlements, 'DER entitlements'],
  [slots.launchConstraintSelf, 'launch constraint'],
  [slots.launchConstraintParent, 'parent launch constraint'],
  [slots.launchConstraintResponsible, 'responsible launch constraint'],
  [slots.libraryConstraint, 'library constraint'],
];

/** Compares every special slot of every CodeDirectory with the content that it stands for, both ways. */
export function specialSlotProblems(signature: EmbeddedSignature, content: BoundContent): Problem[] {
  return signature.codeDirectories.flatMap((directory) => [
    ...names.flatMap(([slot, name]) => {
      const found = slotProblem(directory, slot, name, contentOf(slot, signature, content));
      return found ? [found] : [];
    }),
    ...unknownSlots(directory),
  ]);
}

function contentOf(slot: number, signature: EmbeddedSignature, content: BoundContent): Buffer | undefined {
  if (slot === slots.infoPlist) return content.infoPlist;
  if (slot === slots.codeResources) return content.codeResources;
  if (slot === slots.repSpecific) return content.repSpecific;
  return signature.blobs.get(slot);
}

function slotProblem(
  directory: CodeDirectory,
  slot: number,
  name: string,
  content: Buffer | undefined,
): Problem | undefined {
  const sealed = specialSlot(directory, slot);
  if (!sealed && !content) return undefined;
  if (!sealed) return problem('SLOT_MISSING', `The signature does not cover the ${name}.`);
  if (!content) return problem('SLOT_MISSING', `The ${name} that was signed is not there.`);
  if (sealed.equals(digestOf(directory.hash, content))) return undefined;
  return problem('SLOT_CHANGED', `The ${name} is not the one that was signed.`);
}

/** A slot of a later system is not understood here, so nothing can be said of its content. */
function unknownSlots(directory: CodeDirectory): Problem[] {
  const known = new Set(names.map(([slot]) => slot));
  return Array.from({ length: directory.specialSlotCount }, (_, index) => index + 1)
    .filter((slot) => !known.has(slot) && specialSlot(directory, slot))
    .map((slot) => problem('SLOT_CHANGED', `The signature seals content of an unknown kind (slot ${slot}).`));
}
