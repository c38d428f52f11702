import { forAudience } from '../../machines/contracts/wording.ts';
import type { Finding, PreflightTarget } from '../preflight/index.ts';
import { counted } from '../text.ts';
import { jsonText } from './print-json.ts';

export const jsonReport = (ok: boolean, findings: readonly Finding[]): string =>
  `${jsonText({ ok, findings: findings.map(forTerminal) })}\n`;

export interface TextReport {
  readonly ok: boolean;
  readonly findings: readonly Finding[];
  readonly target: PreflightTarget;
  readonly distribute?: string;
}

/** For people: each finding as what, why and next, and a line that counts them. */
export function textReport({ ok, findings, target, distribute = 'signing only' }: TextReport): string {
  const errors = findings.filter(({ severity }) => severity === 'error').length;
  const checked = `${target}, ${distribute}`;
  const counts = `${counted(errors, 'error')}, ${counted(findings.length - errors, 'warning')}`;
  const last = ok
    ? `Nothing stands against it (${checked}; ${counts}).`
    : `It would fail (${checked}; ${counts}).`;
  return [...findings.map((found) => paragraph(forTerminal(found))), last, ''].join('\n');
}

const forTerminal = (found: Finding): Omit<Finding, 'terminal'> => forAudience(found, 'terminal');

const paragraph = ({ severity, code, summary, reason, nextStep }: Omit<Finding, 'terminal'>): string =>
  [`${severity.padEnd(7)} ${code}`, `  ${summary}`, `  why:  ${reason}`, `  next: ${nextStep}`, ''].join(
    '\n',
  );
