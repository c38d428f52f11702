/** `13`, `13.0`, `10.15.7`; nothing else. */
export const isOsVersion = (text: string): boolean => /^\d{1,4}(\.\d{1,4}){0,2}$/.test(text);

/** Negative when `a` is the older one; `13` equals `13.0`. */
export function compareOsVersions(a: string, b: string): number {
  const [left, right] = [a, b].map((text) => text.split('.').map(Number)) as [number[], number[]];
  for (let i = 0; i < 3; i += 1) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
