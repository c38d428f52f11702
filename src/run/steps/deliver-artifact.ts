import { type UploadArtifactOptions, uploadArtifact } from '../../adapters/hub/upload.ts';
import { HeldUpload } from '../held-upload.ts';
import { originOf } from '../hub-origin.ts';
import { type MadeArtifact, need } from '../run-results.ts';
import { artifactOf } from './artifact-place.ts';
import { debugSymbolsOf } from './debug-symbols.ts';
import { claimOf, type StepScope } from './step.ts';

/** One attempt to hand the artifact to the hub, under the token that is valid now. */
export async function deliverArtifact(scope: StepScope): Promise<void> {
  const delivery = await Delivery.of(scope);
  await delivery.sendBeside();
  await delivery.sendArtifact();
}

/** The same for an artifact that is being checked: its last bytes leave when `releaseDelivery` is called. */
export async function deliverAhead(scope: StepScope): Promise<void> {
  const held = holdDelivery(scope);
  const delivery = await Delivery.of(scope);
  const released = held.released.then(() => delivery.sendBeside());
  released.catch(() => {}); // told by the upload that waits for it, if there still is one
  // until then the user is told of the check
  await delivery.sendArtifact({ released, isTold: () => held.isReleased });
}

/** To be called when every check of the artifact has passed. */
export async function releaseDelivery({ results }: StepScope): Promise<void> {
  need(results, 'heldUpload').release();
}

/** What `releaseDelivery` lets go of from now on. */
export function holdDelivery({ results }: StepScope): HeldUpload {
  results.heldUpload = new HeldUpload();
  return results.heldUpload;
}

interface Holding {
  readonly released?: Promise<void>;
  readonly isTold?: () => boolean;
}

/** What goes to the hub, and how much of all of it has left. */
class Delivery {
  readonly #scope: StepScope;
  readonly #beside: readonly MadeArtifact[];
  #besideBytes = 0;

  private constructor(scope: StepScope, beside: readonly MadeArtifact[]) {
    this.#scope = scope;
    this.#beside = beside;
  }

  static async of(scope: StepScope): Promise<Delivery> {
    const files = [await debugSymbolsOf(scope), scope.results.provenance];
    return new Delivery(
      scope,
      files.filter((file) => file !== undefined),
    );
  }

  /** Before the artifact has left: to the hub the last one is the one that its user gets. */
  async sendBeside(): Promise<void> {
    this.#besideBytes = 0;
    for (const file of this.#beside) {
      const onProgress = (sentBytes: number) => this.#tell(this.#besideBytes + sentBytes, 0);
      await uploadArtifact({ ...uploadOf(this.#scope, file), onProgress });
      this.#besideBytes += file.sizeBytes;
    }
  }

  async sendArtifact({ released, isTold = () => true }: Holding = {}): Promise<void> {
    await uploadArtifact({
      ...uploadOf(this.#scope, artifactOf(this.#scope)),
      ...(released && { released }),
      onProgress: (sentBytes) => isTold() && this.#tell(this.#besideBytes, sentBytes),
    });
  }

  #tell(besideBytes: number, artifactBytes: number): void {
    const { report } = this.#scope;
    const files = [artifactOf(this.#scope), ...this.#beside];
    const sizeBytes = files.reduce((sum, file) => sum + file.sizeBytes, 0);
    const sentBytes = besideBytes + artifactBytes;
    report.progress((sentBytes / sizeBytes) * 99);
    report.moved(sentBytes, sizeBytes);
  }
}

function uploadOf(scope: StepScope, artifact: MadeArtifact): UploadArtifactOptions {
  const { results, services, signal } = scope;
  const { artifactUploadUrl: url, authToken: token } = claimOf(scope);
  const { path, name, sizeBytes, sha256Hex } = artifact;
  const target = need(results, 'plan').platform === 'ios' ? 'ios-sign' : 'macos-sign';
  const origin = originOf(services.config);
  return { url, token, origin, path, name, sha256Hex, sizeBytes, target, signal };
}
