/** Whether a file that begins with these bytes is one that the system hands to the program named behind `#!`. */
export const isScript = (start: Buffer): boolean => start[0] === 0x23 && start[1] === 0x21;
