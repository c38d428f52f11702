/**
 * The identifier of code that has no Info.plist to say one: its file name without extension and without the further
 * parts of a version, as in `libfoo.1.2.dylib` → `libfoo.1`. The rule of rcodesign 0.29.0, after Apple's codesign.
 * @see https://github.com/indygreg/apple-platform-rs/blob/apple-codesign%2F0.29.0/apple-codesign/src/signing.rs
 */
export function pathIdentifier(fileName: string): string {
  const id = withoutExtension(fileName);
  if (id === '' || /^[.\d]/.test(id)) return id;
  const name = id.slice(0, id.length - trailingVersion(id).length);
  const [, dot = '', major = ''] = /^(\.?)(\d*)/.exec(id.slice(name.length)) ?? [];
  return name + dot + major;
}

/** A number behind the last dot is part of a version. */
function withoutExtension(fileName: string): string {
  const at = fileName.lastIndexOf('.');
  return at < 0 || /^\d*$/.test(fileName.slice(at + 1)) ? fileName : fileName.slice(0, at);
}

/** Dots and digits at the end. */
function trailingVersion(id: string): string {
  let at = id.length;
  while (at > 0 && /[.\d]/.test(id.charAt(at - 1))) at -= 1;
  return id.slice(at);
}
