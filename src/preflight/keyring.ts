import { say, textsOf, wording } from '../../machines/contracts/wording.ts';
import type { SuppliedP12 } from '../domain/credentials/index.ts';
import { forgetKeys, openP12, type P12Contents } from '../domain/identity/index.ts';
import { givePassword, type P12File } from '../words.ts';
import { type Finding, findingOf } from './finding.ts';

/** The PKCS#12 files of a job, each opened once however many passes it serves. */
export class Keyring {
  readonly findings: Finding[] = [];
  private readonly opened = new Map<SuppliedP12, P12Contents | undefined>();

  open(supplied: SuppliedP12, file: P12File): P12Contents | undefined {
    if (!this.opened.has(supplied)) this.opened.set(supplied, this.read(supplied, file));
    return this.opened.get(supplied);
  }

  /** Overwrites every private key but these. */
  forgetAllBut(kept: readonly Buffer[]): void {
    for (const contents of this.opened.values()) {
      const identities = contents?.identities.filter((one) => !kept.includes(one.privateKeyPem)) ?? [];
      forgetKeys({ identities, certificatesWithoutKey: [] });
    }
  }

  private read({ p12, password }: SuppliedP12, file: P12File): P12Contents | undefined {
    try {
      return openP12(p12, password);
    } catch (thrown) {
      this.findings.push(about(file, findingOf(thrown)));
      return undefined;
    }
  }
}

/** Which of several files a finding is about, and by which flags its password is given. */
function about(file: P12File, found: Finding): Finding {
  const { summary, reason, nextStep } = textsOf(found);
  return {
    ...found,
    ...say({
      summary,
      reason: wording`${FILES[file]}${reason}`,
      nextStep:
        found.code === 'P12_PASSWORD_WRONG' ? { ...nextStep, terminal: givePassword(file) } : nextStep,
    }),
  };
}

const FILES: Readonly<Record<P12File, string>> = {
  main: '',
  notarize: 'It is the one for direct distribution. ',
  installer: 'It is the one of the installer certificate. ',
};
