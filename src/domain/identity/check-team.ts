import { ShipError } from '../../errors.ts';
import type { Certificate } from './certificate.ts';

const TEAM_FORM = /^[A-Z0-9]{10}$/;

/**
 * Compares the team that the job names with the one in the certificate's subject (OU); self-made certificates
 * that name no team pass.
 *
 * @throws ShipError TEAM_MISMATCH
 */
export function checkCertificateTeam(certificate: Certificate, teamId: string | undefined): void {
  const own = certificate.teamId;
  if (!teamId || !own || !TEAM_FORM.test(own) || own === teamId) return;
  throw new ShipError('TEAM_MISMATCH', {
    summary: `The job is for the team ${teamId}, its certificate "${certificate.commonName}" belongs to ${own}.`,
    nextStep: `Set the team id to ${own}, or send a certificate of the team ${teamId}.`,
  });
}
