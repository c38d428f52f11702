/** What programs need to find their way, and nothing of ours; never a secret. */
export function baseEnvironment(more: readonly string[] = []): Record<string, string> {
  const names = ['PATH', 'HOME', 'TMPDIR', 'LANG', ...more];
  return Object.fromEntries(names.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])));
}
