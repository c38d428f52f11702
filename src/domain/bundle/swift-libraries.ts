/** Where Xcode embeds the Swift runtime of an iOS app, and of the watch app in it. */
const EMBEDDED = /^(Watch\/[^/]+\.app\/)?Frameworks\/(libswift\w+\.dylib)$/;

/** The Swift runtime in an iOS bundle: path by its name in `SwiftSupport`, e.g. `iphoneos/libswiftCore.dylib`. */
export function embeddedSwiftLibraries(files: Iterable<string>): Map<string, string> {
  const found = new Map<string, string>();
  for (const path of files) {
    const [, watch, name] = EMBEDDED.exec(path) ?? [];
    if (name !== undefined) found.set(`${watch === undefined ? 'iphoneos' : 'watchos'}/${name}`, path);
  }
  return found;
}
