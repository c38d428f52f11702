import { readdir, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';

export const tartHome = (configured: string | undefined): string => configured ?? join(homedir(), '.tart');

const machinesDir = (home: string): string => join(home, 'vms');

export const machineFolder = (home: string, name: string): string => join(machinesDir(home), name);

/** A machine without its three files is a folder that `tart list` and `tart delete` do not see. */
export const folderNames = (home: string): Promise<readonly string[]> =>
  readdir(machinesDir(home)).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });

/** What `tart delete` has left; usually nothing. The name must be one of ours. */
export const removeFolder = (home: string, name: string): Promise<void> =>
  rm(join(machinesDir(home), name), { recursive: true, force: true, maxRetries: 3 });
