type Redact = (text: string) => string;

/** Fields that hold sentences for people. All others hold names, codes and ids, which are told as they are. */
const TEXTS = new Set(['summary', 'reason', 'nextStep', 'line', 'text', 'issues', 'advice', 'remarks']);
/** Fields of which every text is for people. */
const FOR_PEOPLE = new Set(['detail', 'facts', 'terminal', 'failure']);
const AS_IS = new Set(['code', 'kind']);

/** Takes secrets out of the texts in what leaves the process of a run. */
export function redactTexts(value: unknown, redact: Redact, isText = false): unknown {
  if (typeof value === 'string') return isText ? redact(value) : value;
  if (Array.isArray(value)) return value.map((item) => redactTexts(item, redact, isText));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [
      name,
      redactTexts(inner, redact, !AS_IS.has(name) && (isText || TEXTS.has(name) || FOR_PEOPLE.has(name))),
    ]),
  );
}
