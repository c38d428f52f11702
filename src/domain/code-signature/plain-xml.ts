const PROLOGUE = /^\s*(?:<\?xml [^<>]*\?>\s*)?(?:<!DOCTYPE plist [^<>[\]]*>)?/;

/** Comments, CDATA and the like: the parsers of Apple's systems have disagreed about where they end. */
export const hasAsides = (xml: string): boolean => /<[!?]/.test(xml.replace(PROLOGUE, ''));
