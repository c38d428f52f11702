const SHELL_PIPE = /^\/(?:dev|proc)\//;

/** Where a shell puts the pipe of `<(command)`, which has a writer and an end; another named pipe may have neither. */
export const isShellPipe = (path: string): boolean => SHELL_PIPE.test(path);
