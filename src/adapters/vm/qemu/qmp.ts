import type { Readable, Writable } from 'node:stream';
import * as z from 'zod';
import { contained } from '../../../contained.ts';
import { lineSplitter } from '../../guest/ssh/collect.ts';

/** The part of a message that we look at; a greeting has none of it. */
const messageSchema = z.object({
  id: z.int().optional(),
  return: z.unknown().optional(),
  error: z.object({ class: z.string(), desc: z.string() }).optional(),
  event: z.string().optional(),
  data: z.record(z.string(), z.unknown()).optional(),
});
type Message = z.infer<typeof messageSchema>;

export interface QmpOptions {
  readonly input: Writable;
  readonly output: Readable;
  readonly onEvent: (event: string, data: Readonly<Record<string, unknown>>) => void;
  /** Called once: what it says is no QMP, or something here threw. Nothing it says counts any more. */
  readonly onBroken: (error: unknown) => void;
}

/** The monitor of one QEMU process. */
export interface Qmp {
  /**
   * One command. Who asks sets the deadline: a process that is stopped never answers.
   *
   * @throws Error when QEMU refuses, or ends before it answers
   */
  execute(command: string, args?: Readonly<Record<string, unknown>>): Promise<unknown>;
}

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

/**
 * A client of the QEMU Machine Protocol: one JSON object a line. Who has broken out of a guest speaks here, so a line that
 * is longer than 16 Ki characters or no JSON ends it.
 *
 * @see https://www.qemu.org/docs/master/interop/qmp-spec.html
 */
export function createQmp({ input, output, onEvent, onBroken }: QmpOptions): Qmp {
  const waiting = new Map<number, Waiting>();
  const state = { lastId: 0, isBroken: false };
  const rejectAll = (error: Error) => {
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
  };
  const giveUp = (error: unknown) => {
    if (state.isBroken) return;
    state.isBroken = true;
    rejectAll(new Error('QEMU says what is no QMP', { cause: error }));
    onBroken(error);
  };
  const take = (line: string) => {
    if (state.isBroken || line === '') return;
    const message = messageSchema.parse(JSON.parse(line));
    if (message.event !== undefined) onEvent(message.event, message.data ?? {});
    else settle(waiting, message);
  };
  const lines = lineSplitter(contained(take, giveUp));
  output.on('data', contained(lines.add, giveUp));
  output.once('close', () => rejectAll(new Error('QEMU has ended')));
  const execute: Qmp['execute'] = (command, args = {}) =>
    new Promise((resolve, reject) => {
      if (state.isBroken || output.closed) return reject(new Error('QEMU does not answer any more'));
      state.lastId += 1;
      waiting.set(state.lastId, { resolve, reject });
      input.write(`${JSON.stringify({ execute: command, arguments: args, id: state.lastId })}\n`);
    });
  // commands come in order: the first one opens the way for the rest
  execute('qmp_capabilities').catch(() => {});
  return { execute };
}

function settle(waiting: Map<number, Waiting>, { id = -1, error, return: value }: Message): void {
  const asked = waiting.get(id);
  waiting.delete(id);
  if (error) asked?.reject(new Error(`QEMU refused: ${error.desc}`));
  else asked?.resolve(value);
}
