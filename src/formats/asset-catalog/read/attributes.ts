/** Numbers of attributes in rendition keys. */
export const ELEMENT = 1;
export const PART = 2;
export const VALUE = 6;
export const APPEARANCE = 7;
/** Of an icon image: the index of its size in the multi-size record. */
export const DIMENSION_2 = 9;
export const SCALE = 12;
export const IDIOM = 15;
export const SUBTYPE = 16;
export const IDENTIFIER = 17;
export const PREVIOUS_VALUE = 18;

/** Values of `part` that belong to an app icon. */
export const PART_ICON_IMAGE = 220;
export const PART_MULTI_SIZE = 218;
/** The layers of Icon Composer. */
export const PART_ICON_STACK = 245;

const IDIOMS = ['universal', 'phone', 'pad', 'tv', 'car', 'watch', 'marketing', 'mac', 'vision'] as const;

export const idiomName = (idiom: number): string => IDIOMS[idiom] ?? `idiom ${idiom}`;
