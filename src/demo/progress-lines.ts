import type { WireMessage } from '../embedded-hub/embedded-hub.ts';

/** One line for what the hub relays about a job, as a user of the hub would read it; nothing for the rest. */
export function progressLine(label: string, message: WireMessage): string | undefined {
  const text = textOf(message);
  return text === undefined ? undefined : `${label.padEnd(6)} ${text}`;
}

function textOf(message: WireMessage): string | undefined {
  switch (message.type) {
    case 'stage':
      return `▸ ${String(message.message)}`;
    case 'progress':
      return `  ${bar(Number(message.percent))} ${String(message.stage)}`;
    case 'log':
      return `  ${String(message.line)}`;
    case 'queue_update':
      return `  waiting, place ${String(message.position)}`;
    case 'error':
      return `✗ ${String(message.code)}: ${String(message.message)}`;
    case 'complete':
      return message.success
        ? `✓ done in ${String(message.duration_secs)} s`
        : `✗ failed: ${String(message.error)}`;
    default:
      return undefined;
  }
}

const WIDTH = 20;
const bar = (percent: number): string => {
  const filled = Math.round((percent / 100) * WIDTH);
  return `${'█'.repeat(filled)}${'░'.repeat(WIDTH - filled)} ${String(percent).padStart(3)} %`;
};
