/** How `run` can end on its own: what it prints, and the exit code. */
export const endings = {
  guestShutdown: { stdout: 'guest has stopped the virtual machine', exitCode: 0 },
  guestCrash: {
    stdout:
      'guest has stopped the virtual machine due to error: Error Domain=VZErrorDomain Code=1 "Internal Virtualization error."',
    exitCode: 0,
  },
  networkLoss: {
    stdout:
      "virtual machine's network attachment <VZNATNetworkDeviceAttachment: 0x600> has been disconnected with error: Error Domain=VZErrorDomain Code=1",
    exitCode: 0,
  },
  keychain: {
    stderr:
      'Error Domain=VZErrorDomain Code=1 "The virtual machine failed to start." UserInfo={NSLocalizedFailure=Internal Virtualization error., NSLocalizedFailureReason=The virtual machine failed to start.}',
    exitCode: 1,
  },
  diskInUse: {
    stderr:
      'Error Domain=VZErrorDomain Code=2 "Failed to lock auxiliary storage." UserInfo={NSLocalizedFailure=Invalid virtual machine configuration.}',
    exitCode: 1,
  },
  appleLimit: {
    stderr:
      'Error Domain=VZErrorDomain Code=6 "The maximum supported number of active virtual machines has been reached."',
    exitCode: 1,
  },
  softnetDeath: {
    stderr: 'RuntimeFailed(why: "Softnet process terminated prematurely")',
    exitCode: 1,
  },
  killed: { signal: 'SIGKILL' },
};
