import type { UnitPlan } from './plan.ts';

/** What a Linux host needs so that the service can work. */
export const unitTraps = `What a Linux host needs so that the service can work:
  A user's service  It ends with the last login of its user, unless that user may linger: sudo loginctl enable-linger NAME
  Settings          The file must belong to the user of the service, mode 600; /etc/perry-ship.env is read where no
                    file is named and the service is one of the system.
  KVM               Its user must be in the group kvm; where that group exists, the unit says so.
`;

/** Printed after `service install`. */
export function unitNotes({ spec, unitPath, unseenVariables }: UnitPlan): string {
  const of = spec.kind === 'user' ? '--user ' : '';
  const unseen =
    unseenVariables.length === 0
      ? []
      : [
          `Set in this shell, but not seen by the service: ${unseenVariables.join(', ')}.`,
          'Put them into a file of mode 600 and install again with --env-file.',
        ];
  return [
    `Installed ${unitPath}`,
    `  settings  ${spec.envFile ?? 'built-in defaults; give a file with --env-file'}`,
    `  log       journalctl ${of}--unit perry-ship --follow`,
    `  look      perry-ship service status${spec.kind === 'system' ? ' --daemon' : ''} · perry-ship status`,
    ...unseen,
    '',
    unitTraps,
  ].join('\n');
}
