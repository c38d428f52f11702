const MAX_CELL_CHARACTERS = 40;

/** Cells below each other; the first row says how many columns there are. */
export function align(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  );
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

/** Names come from the hub and from bundles: nothing in them may steer a terminal. */
export function plain(text: string, maxCharacters = MAX_CELL_CHARACTERS): string {
  const printable = text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '?');
  return printable.length > maxCharacters ? `${printable.slice(0, maxCharacters - 1)}…` : printable;
}

/** 59 → `59 s`, 3_600 → `1 h 0 min`. */
export function duration(seconds: number): string {
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  if (minutes === 0) return `${seconds} s`;
  if (hours === 0) return `${minutes} min ${seconds % 60} s`;
  if (hours < 24) return `${hours} h ${minutes % 60} min`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** How long ago, roughly: `just now`, `59 s ago`, `3 h ago`. */
export function ago(seconds: number): string {
  const [value = '0', unit = 's'] = duration(Math.max(0, Math.round(seconds))).split(' ');
  return value === '0' ? 'just now' : `${value} ${unit} ago`;
}
