import * as z from 'zod';
import { isGuarded } from '../domain/service-url.ts';

const MAX_WORDS = 64;
const MAX_CHARACTERS = 4_096;

const words = z.array(z.string().min(1)).min(1).max(MAX_WORDS);

/** A JSON array of strings, or words between which there are blanks; there is no shell that would know quotes. */
const alertCommand = z
  .string()
  .max(MAX_CHARACTERS, `must have at most ${MAX_CHARACTERS} characters`)
  .transform((text, context) => {
    const trimmed = text.trim();
    const argv = trimmed.startsWith('[') ? fromJson(trimmed) : trimmed.split(/\s+/);
    const isQuoted = !trimmed.startsWith('[') && /["'`$|;&<>]/.test(trimmed);
    const parsed = words.safeParse(argv);
    if (parsed.success && !isQuoted) return parsed.data as readonly string[];
    const message = isQuoted
      ? 'is no line of a shell: write it as a JSON array, e.g. ["/usr/local/bin/notify", "to me"],'
      : 'must be a program and its arguments: words, or a JSON array of strings,';
    context.addIssue({ code: 'custom', message });
    return z.NEVER;
  });

function fromJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Where alarms go. */
export const alertForms = {
  alertCommand: alertCommand.optional(),
  alertUrl: z
    .string()
    .refine(isWebhookUrl, 'must be an https:// address without user name; http:// is for this machine only')
    .optional(),
} as const;

function isWebhookUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const url = new URL(text);
  return isGuarded(url) && url.username === '' && url.password === '';
}
