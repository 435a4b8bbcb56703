import { describe, expect, it } from 'vitest';

import { reveal, slots, SPARE, span } from './virtual';

describe('span', () => {
  it('is empty without rows', () => expect(span(0, 500, 32, 0)).toEqual({ first: 0, last: 0 }));
  it('starts at the top', () => expect(span(0, 320, 32, 1000, 2)).toEqual({ first: 0, last: 12 }));
  it('follows the scroll', () => expect(span(3200, 320, 32, 1000, 2)).toEqual({ first: 98, last: 112 }));
  it('ends at the end', () => expect(span(32_000 - 320, 320, 32, 1000, 2)).toEqual({ first: 988, last: 1000 }));
  it('survives a list that became short, and rubber bands', () => {
    expect(span(90_000, 320, 32, 10, 2)).toEqual({ first: 9, last: 10 });
    expect(span(-50, 320, 32, 10, 2)).toEqual({ first: 0, last: 10 });
  });
  it('shows few of many', () => {
    for (let top = 0; top < 3_200_000; top += 12_345) {
      const { first, last } = span(top, 900, 32, 100_000);
      expect(last - first).toBeLessThan(60);
      expect(first * 32).toBeLessThanOrEqual(top);
      expect(last * 32).toBeGreaterThanOrEqual(Math.min(top + 900, 3_200_000));
    }
  });
});

describe('slots', () => {
  it('keep their rows while they are in sight', () => {
    expect(slots({ first: 0, last: 4 }, 5)).toEqual([0, 1, 2, 3, null]);
    expect(slots({ first: 1, last: 6 }, 5)).toEqual([5, 1, 2, 3, 4]);
    expect(slots({ first: 98, last: 102 }, 5)).toEqual([100, 101, null, 98, 99]);
    expect(slots({ first: 0, last: 0 }, 2)).toEqual([null, null]);
  });
  it('are enough wherever one scrolls', () => {
    const many = Math.ceil(900 / 32) + 2 * SPARE + 1;
    for (let top = 0; top < 100_000; top += 7) {
      const { first, last } = span(top, 900, 32, 100_000);
      expect(last - first).toBeLessThanOrEqual(many);
    }
  });
});

describe('reveal', () => {
  it('moves no more than it must', () => {
    expect(reveal(5, 0, 320, 32)).toBe(0);
    expect(reveal(10, 0, 320, 32)).toBe(32);
    expect(reveal(2, 320, 320, 32)).toBe(64);
  });
});
