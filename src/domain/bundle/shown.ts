const MAX_SHOWN_CHARACTERS = 120;

/** A name out of a bundle, safe to show: quoted, shortened, nothing in it that steers a terminal. */
export function shown(name: string): string {
  const cut = name.length > MAX_SHOWN_CHARACTERS ? `${name.slice(0, MAX_SHOWN_CHARACTERS)}…` : name;
  return JSON.stringify(cut).replace(/[\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, '\ufffd');
}
