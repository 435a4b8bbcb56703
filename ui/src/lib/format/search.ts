//! Finding by a few letters.

/** True when every word of `wanted` is in `text`, or its letters are in order at the starts of words. */
export function matches(wanted: string, text: string): boolean {
  const hay = text.toLowerCase();
  const words = wanted.toLowerCase().split(/\s+/).filter(Boolean);
  const initials = hay.split(/[\s\-_/·:]+/).map((word) => word[0] ?? '').join('');
  return words.every((word) => hay.includes(word) || initials.includes(word));
}
