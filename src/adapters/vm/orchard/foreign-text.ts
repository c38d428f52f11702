import * as z from 'zod';
import { plainLine } from '../../../text.ts';

/**
 * What a controller passes on may be anybody's words: labels and names of workers, messages of programs on them. In each
 * place that reads it, it becomes one line in which nothing steers a terminal, or turns the direction of what follows.
 */
export const foreignText = (maxCharacters: number) =>
  z.string().transform((whole) => plainLine(whole, maxCharacters));

/** The same in the list of workers and in that of machines: one is looked up by the other. */
export const workerName = foreignText(200);
