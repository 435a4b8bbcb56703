import { describe, expect, it } from 'vitest';

import type { LogRow, Usage } from '$lib/api/types';
import { freeName } from './Accounts/name';
import { moved } from './Accounts/order';
import { parsePasted } from './Accounts/paste';
import { fits, readQuestion, writeQuestion } from './Logs/filter';
import { bars, series, slots, ticks } from './Usage/series';

describe('accounts', () => {
  it('moves one in the order', () => {
    expect(moved(['a', 'b', 'c'], 'c', 0)).toEqual(['c', 'a', 'b']);
    expect(moved(['a', 'b', 'c'], 'a', 9)).toEqual(['b', 'c', 'a']);
    expect(moved(['a', 'b', 'c'], 'x', 1)).toEqual(['a', 'b', 'c']);
  });
  it('finds a free name', () => expect(freeName('Work', ['work', 'WORK 2'])).toBe('Work 3'));
  it('reads what AWS shows', () => {
    const found = { access_key_id: 'AKIA1', secret_access_key: 's/e+c=', session_token: 't' };
    expect(parsePasted('export AWS_ACCESS_KEY_ID="AKIA1"\nexport AWS_SECRET_ACCESS_KEY="s/e+c="\nexport AWS_SESSION_TOKEN=t')).toEqual(found);
    expect(parsePasted('[default]\naws_access_key_id = AKIA1\naws_secret_access_key = s/e+c=\naws_session_token = t\nregion = eu-west-1')).toEqual({ ...found, region: 'eu-west-1' });
    expect(parsePasted('{\n "AccessKeyId": "AKIA1",\n "SecretAccessKey": "s/e+c=",\n "SessionToken": "t"\n}')).toEqual(found);
    expect(parsePasted('$Env:AWS_ACCESS_KEY_ID="AKIA1"')).toEqual({ access_key_id: 'AKIA1' });
    expect(parsePasted('AKIAIOSFODNN7EXAMPLE')).toBeNull();
  });
});

describe('log filters', () => {
  const row = { account_id: 'a', client: 'cline', dialect: 'd', model_asked: 'Claude', model_served: null, status: 429, error_category: 'rate_limited', incomplete: false, failover_from: null, total_ms: 50, time_ms: 5, request_id: 'req_1', user_agent: '', path: '', account_name: null, error_message: null } as unknown as LogRow;
  it('come back from the address', () => {
    const question = { account: 'a', text: 'x y', errors: true, failed_over: true, slower_than_ms: 10_000 };
    expect(readQuestion(new URLSearchParams(writeQuestion(question)))).toEqual(question);
  });
  it('fit live rows', () => {
    expect(fits(row, {})).toBe(true);
    expect(fits(row, { errors: true, status: '4xx', model: 'claude', text: 'RATE' })).toBe(true);
    expect(fits(row, { failed_over: true })).toBe(false);
    const past = (...accounts: string[]): LogRow => ({ ...row, account_name: 'Work', failover_from: accounts.map((account) => ({ account })) });
    expect(fits(past('Work'), { failed_over: true })).toBe(false);
    expect(fits(past('Work', 'Home'), { failed_over: true })).toBe(true);
    expect(fits(row, { status: '500' })).toBe(false);
    expect(fits(row, { slower_than_ms: 100 })).toBe(false);
  });
});

describe('usage', () => {
  it('has a slot a day', () => {
    const start = new Date(2026, 2, 27).getTime();
    expect(slots(start, new Date(2026, 3, 2, 12).getTime(), 'day')).toHaveLength(7);
    expect(slots(start, start + 3_600_000 * 5, 'hour')).toHaveLength(6);
  });
  it('is of models, not of their regions, and of nobody who used nothing', () => {
    const group = (key: string, requests: number) => ({ key, label: '', requests, input_tokens: requests, output_tokens: 0, cache_read_tokens: 0, cache_write_tokens: 0, cost_usd: 0 });
    const groups = [group('us.anthropic.claude-haiku-4-5-20251001-v1:0', 2), group('eu.anthropic.claude-haiku-4-5-20251001-v1:0', 3), group('', 0)];
    const usage = { buckets: [{ start_ms: 0, groups }] } as unknown as Usage;
    const { groups: shown, values } = series(usage, 'tokens', 'model', 0, 1000, 'hour', 'rest', 'none');
    expect(shown.map(({ label, total }) => [label, total])).toEqual([['claude-haiku-4-5', 5]]);
    expect(values).toEqual([[5]]);
    expect(series(usage, 'requests', 'account', 0, 1000, 'hour', 'rest', 'none').groups).toHaveLength(2);
  });
  it('stacks', () => {
    const path = (group: number): string => bars([[1, 2], [3, 0]], group, (slot) => slot * 10, (value) => 100 - value, 4);
    expect(path(0)).toBe('M-2 100h4V99h-4zM8 100h4V98h-4z');
    expect(path(1)).toBe('M-2 99h4V96h-4z');
  });
  it('has round marks', () => {
    expect(ticks([[1, 2], [3, 4]], true)).toEqual({ marks: [0, 2, 4, 6], top: 6.48 });
    expect(ticks([[1]], true).marks).toEqual([0, 1]);
    expect(ticks([[1]], false).marks).toHaveLength(6);
    expect(ticks([[910_000]], true).marks).toEqual([0, 200_000, 400_000, 600_000, 800_000]);
    expect(ticks([[2_300_000]], true).marks).toEqual([0, 500_000, 1_000_000, 1_500_000, 2_000_000]);
    expect(ticks([[0, 0]], true)).toEqual({ marks: [0], top: 1 });
    expect(ticks([], true)).toEqual({ marks: [0], top: 1 });
  });
});
