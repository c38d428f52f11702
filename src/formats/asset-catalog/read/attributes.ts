/** What a number in a rendition key stands for; other numbers are shown as they are. */
export const ATTRIBUTES: Readonly<Record<number, string>> = {
  0: 'look',
  1: 'element',
  2: 'part',
  3: 'size',
  4: 'direction',
  5: 'attribute 5',
  6: 'value',
  7: 'appearance',
  8: 'dimension 1',
  9: 'dimension 2',
  10: 'state',
  11: 'layer',
  12: 'scale',
  13: 'localization',
  14: 'presentation state',
  15: 'idiom',
  16: 'subtype',
  17: 'identifier',
  18: 'previous value',
  19: 'previous state',
  20: 'horizontal size class',
  21: 'vertical size class',
  22: 'memory class',
  23: 'graphics class',
  24: 'display gamut',
  25: 'deployment target',
  26: 'glyph weight',
  27: 'glyph size',
};

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
