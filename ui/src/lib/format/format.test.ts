import { describe, expect, it } from 'vitest';

import * as format from './index';
import { modelName, sameModel } from './model';
import { matches } from './search';

const plain = (text: string): string => text.replace(/[\u00a0\u202f]/g, ' ');

describe('numbers', () => {
  it('writes large ones short', () => {
    expect(format.compact(9999, 'en')).toBe('9,999');
    expect(format.compact(1_920_000, 'en')).toBe('1.9M');
    expect(format.compact(19_200_000, 'zh-CN')).toBe('1920万');
    expect(format.compact(null, 'en')).toBe('–');
  });
  it('gives small prices their digits', () => {
    expect(format.usd(4.123, 'en')).toBe('$4.12');
    expect(format.usd(0.0123, 'en')).toBe('$0.0123');
    expect(format.usd(0.000_16, 'en')).toBe('$0.0002');
    expect(format.usd(0.000_01, 'en')).toBe('<$0.0001');
    expect(format.usd(0, 'en')).toBe('$0.00');
  });
  it('does not divide by nothing', () => {
    expect(format.percent(Number.NaN, 'en')).toBe('–');
    expect(format.percent(0.977, 'en', 1)).toBe('97.7%');
  });
  it('knows bytes', () => {
    expect(plain(format.bytes(1, 'en'))).toBe('1 byte');
    expect(plain(format.bytes(118, 'en'))).toBe('118 bytes');
    expect(plain(format.bytes(1_540_000, 'en'))).toBe('1.5 MB');
  });
});

describe('times', () => {
  it.each([
    [0, '0ms'], [0.37, '0.4ms'], [9.9, '9.9ms'], [12.6, '13ms'], [850, '850ms'], [999.7, '1s'], [12_345, '12.3s'], [60_000, '1 min'], [245_000, '4 min 5s'], [18_720_000, '5 hr 12 min'], [90_061_000, '1 day 1 hr'],
  ])('%d ms is %s', (ms, text) => expect(plain(format.duration(ms, 'en'))).toBe(text));

  it('says how long ago', () => {
    expect(format.relative(1000, 13_000, 'en')).toBe('12 sec. ago');
    expect(format.relative(3_600_000 * 5, 0, 'en')).toBe('in 5 hr.');
    expect(format.relative(0, 86_400_000, 'en')).toBe('yesterday');
    expect(format.relative(0, 180_000, 'zh-CN')).toContain('分钟');
  });
  it('finds the beginning of the day', () => {
    const midnight = new Date(format.midnight(Date.now()));
    expect([midnight.getHours(), midnight.getMinutes(), midnight.getMilliseconds()]).toEqual([0, 0, 0]);
  });
});

describe('models', () => {
  it.each([
    ['us.anthropic.claude-sonnet-4-5-20250929-v1:0', 'claude-sonnet-4-5'], ['us.amazon.nova-pro-v1:0', 'nova-pro'],
    ['qwen.qwen3-coder-30b-a3b-v1:0', 'qwen3-coder-30b-a3b'], ['claude-sonnet-4.5', 'claude-sonnet-4.5'], ['openai.gpt-oss-120b-1:0', 'gpt-oss-120b-1'],
    ['arn:aws:bedrock:us-east-1:000011112222:inference-profile/eu.anthropic.claude-haiku-4-5-20251001-v1:0', 'claude-haiku-4-5'], ['gpt-4o', 'gpt-4o'],
  ])('%s is %s', (id, name) => expect(modelName(id)).toBe(name));

  it('are the same however they are spelled', () => {
    expect(sameModel('claude-sonnet-4-5', 'us.anthropic.claude-sonnet-4-5-20250929-v1:0')).toBe(true);
    expect(sameModel('claude-sonnet-4-5-20250929', 'claude-sonnet-4.5')).toBe(true);
    expect(sameModel('gpt-4o', 'claude-sonnet-4.5')).toBe(false);
  });
});

describe('search', () => {
  it('finds parts and initials, in any order', () => {
    expect(matches('', 'x')).toBe(true);
    expect(matches('url copy', 'Copy Anthropic base URL')).toBe(true);
    expect(matches('cab', 'Copy Anthropic base URL')).toBe(true);
    expect(matches('zebra', 'Copy Anthropic base URL')).toBe(false);
  });
});
