import { describe, expect, it } from 'vitest';

import type { AccountOption } from '$lib/api/types';
import { asTexts, fromTexts } from './options';

const OPTIONS: AccountOption[] = [
  { name: 'prefer_global', takes: { kind: 'switch' } },
  { name: 'claude_route', takes: { kind: 'one_of', words: ['invoke', 'messages'] } },
  { name: 'most_tools', takes: { kind: 'number', most: 10 } },
  { name: 'fallback_regions', takes: { kind: 'list' } },
];
const GIVEN = { prefer_global: false, claude_route: 'messages', most_tools: 7, fallback_regions: ['a-1', 'b-2'], aliases: { fast: 'x' } };

describe('options of an account', () => {
  it('come back as they were', () => {
    expect(asTexts(OPTIONS, GIVEN)).toEqual({ prefer_global: 'false', claude_route: 'messages', most_tools: '7', fallback_regions: 'a-1, b-2' });
    expect(fromTexts(OPTIONS, asTexts(OPTIONS, GIVEN), GIVEN)).toEqual(GIVEN);
  });
  it('are removed by an empty field, and no others', () => {
    const empty = asTexts(OPTIONS, {});
    expect(Object.values(empty)).toEqual(['', '', '', '']);
    expect(fromTexts(OPTIONS, empty, GIVEN)).toEqual({ aliases: { fast: 'x' } });
  });
  it('that say more than their field stay when nobody changes them', () => {
    const finer = { prefer_global: 200_000, most_tools: 7 };
    const texts = asTexts(OPTIONS, finer);
    expect(fromTexts(OPTIONS, { ...texts, most_tools: '8' }, finer)).toEqual({ prefer_global: 200_000, most_tools: 8 });
    expect(fromTexts(OPTIONS, { ...texts, prefer_global: 'true' }, finer)).toEqual({ prefer_global: true, most_tools: 7 });
  });
  it('take lists however they are parted', () => {
    expect(fromTexts(OPTIONS, { fallback_regions: ' a-1 b-2,c-3, ' }, {})).toEqual({ fallback_regions: ['a-1', 'b-2', 'c-3'] });
  });
});
