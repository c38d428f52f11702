/** False for a text with half of a surrogate pair: UTF-8 cannot write it, and what is read back is another text. */
export const isWellFormed = (text: string): boolean => !/\p{Surrogate}/u.test(text);
