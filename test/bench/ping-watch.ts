import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import type { WebSocket } from 'ws';
import { cpuMsIn } from './processes.ts';

const PING_EVERY_MS = 50;

/** A moment, as the clock has it and as the processors worked for one process. */
interface Moment {
  readonly atMs: number;
  readonly cpuMs: number;
}

export interface Silence {
  readonly longestMs: number;
  /** How long processors worked for the other side at most, from a ping to its pong. */
  readonly longestCpuMs: number;
}

/** How long the other side of a link takes to answer pings; more than one may be under way. */
export class PingWatch {
  readonly #socket: WebSocket;
  readonly #pid: number;
  readonly #sent: Moment[] = [];
  readonly #timer: NodeJS.Timeout;
  #answered = 0;
  #longest: Silence = { longestMs: 0, longestCpuMs: 0 };

  /** @param pid - of the other side */
  constructor(socket: WebSocket, pid: number) {
    this.#socket = socket;
    this.#pid = pid;
    this.#timer = setInterval(() => this.#ping(), PING_EVERY_MS);
    socket.on('pong', this.#hear);
  }

  #now(): Moment {
    const { own } = cpuMsIn(readFileSync(`/proc/${this.#pid}/stat`, 'utf8'));
    return { atMs: performance.now(), cpuMs: own };
  }

  #ping(): void {
    this.#sent.push(this.#now());
    this.#socket.ping();
  }

  readonly #hear = () => {
    const [now, sent] = [this.#now(), this.#sent[this.#answered]];
    this.#answered += 1;
    if (!sent) return;
    this.#longest = {
      longestMs: Math.max(this.#longest.longestMs, now.atMs - sent.atMs),
      longestCpuMs: Math.max(this.#longest.longestCpuMs, now.cpuMs - sent.cpuMs),
    };
  };

  /** Every ping was answered. */
  async untilQuiet(): Promise<void> {
    const pings = this.#sent.length;
    while (this.#answered < pings) await pause(PING_EVERY_MS);
  }

  stop(): Silence {
    clearInterval(this.#timer);
    this.#socket.off('pong', this.#hear);
    return this.#longest;
  }
}
