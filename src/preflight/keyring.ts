import { say, textsOf, wording } from '../../machines/contracts/wording.ts';
import type { SuppliedP12 } from '../domain/credentials/index.ts';
import { forgetKeys, openP12, type P12Contents } from '../domain/identity/index.ts';
import { type Finding, findingOf } from './finding.ts';

/** The PKCS#12 files of a job, each opened once however many passes it serves. */
export class Keyring {
  readonly findings: Finding[] = [];
  private readonly opened = new Map<SuppliedP12, P12Contents | undefined>();

  /** @param name - which of the files it is, for the finding; the main one has none */
  open(supplied: SuppliedP12, name?: string): P12Contents | undefined {
    if (!this.opened.has(supplied)) this.opened.set(supplied, this.read(supplied, name));
    return this.opened.get(supplied);
  }

  /** Overwrites every private key but these. */
  forgetAllBut(kept: readonly Buffer[]): void {
    for (const contents of this.opened.values()) {
      const identities = contents?.identities.filter((one) => !kept.includes(one.privateKeyPem)) ?? [];
      forgetKeys({ identities, certificatesWithoutKey: [] });
    }
  }

  private read({ p12, password }: SuppliedP12, name: string | undefined): P12Contents | undefined {
    try {
      return openP12(p12, password);
    } catch (thrown) {
      const found = findingOf(thrown);
      this.findings.push(name === undefined ? found : about(name, found));
      return undefined;
    }
  }
}

/** Which of several files a finding is about. */
function about(name: string, found: Finding): Finding {
  const { reason, ...rest } = textsOf(found);
  return { ...found, ...say({ ...rest, reason: wording`It is ${name}. ${reason}` }) };
}
