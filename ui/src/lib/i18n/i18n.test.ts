import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { describe, expect, it } from 'vitest';

import en from './en.json';
import { systemLocale } from './index.svelte';
import { fill, type Message } from './message';
import zh from './zh-CN.json';

const source = fileURLToPath(new URL('../..', import.meta.url));
const texts = (message: Message): string[] => (typeof message === 'string' ? [message] : Object.values(message));
const holes = (message: Message): string[] => [...new Set(texts(message).flatMap((text) => text.match(/\{\w+\}/g) ?? []))].sort();

describe('dictionaries', () => {
  it('have the same keys in the same order: a build finds texts by their place', () => {
    expect(Object.keys(zh)).toEqual(Object.keys(en));
  });
  it('want the same parameters', () => {
    for (const key of Object.keys(en) as (keyof typeof en)[]) expect([key, holes(zh[key])]).toEqual([key, holes(en[key])]);
  });
  it('leave nothing empty', () => {
    for (const message of [...Object.values(en), ...Object.values(zh)]) for (const text of texts(message)) expect(text.trim()).not.toBe('');
  });
  it('know every error code of the proxy', () => {
    const rust = readFileSync(join(source, '../../crates/llm/src/error.rs'), 'utf8');
    const names = [...rust.matchAll(/Self::\w+ => "([a-z_]+)"/g)].map(([, name]) => name);
    expect(names.length).toBeGreaterThan(20);
    for (const name of names) expect(Object.keys(en)).toEqual(expect.arrayContaining([`error.${name}`, `category.${name}`]));
  });
  it('know what else the backend names by a code', () => {
    const folder = join(source, '../../crates/gateway/src');
    const rust = readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.rs') && !file.includes('tests'))
      .map((file) => readFileSync(join(folder, file), 'utf8'))
      .join('\n');
    const codes = (pattern: RegExp, family: string): string[] => [...rust.matchAll(pattern)].map(([, name]) => `${family}.${name}`);
    const files = readFileSync(join(source, '../../crates/clients/src/error.rs'), 'utf8');
    const named = [
      ...[...files.matchAll(/=> "(client_[a-z_]+)"/g)].map(([, name]) => `error.${name}`),
      ...codes(/Refusal::new\(\s*StatusCode::\w+,\s*"([a-z_]+)"/g, 'error'),
      ...codes(/"check_([a-z_]+)"/g, 'check'),
      ...codes(/"client_note_([a-z_]+)"/g, 'clients.note'),
      ...codes(/\bsay\(\s*"([a-z_]+)",/g, 'clients.say'),
    ];
    expect(named.length).toBeGreaterThan(50);
    expect(named.filter((key) => !(key in en))).toEqual([]);
  });
  // Texts of the tray are the desktop shell's, which has a test of its own for them.
  it('hold no text that nobody shows', () => {
    const code = readdirSync(source, { recursive: true, encoding: 'utf8' })
      .filter((file) => /\.(svelte|ts)$/.test(file) && !file.endsWith('.test.ts'))
      .map((file) => readFileSync(join(source, file), 'utf8'))
      .join('\n');
    const families = [...code.matchAll(/`([a-z]\w*(?:\.\w+)*\.)\$\{/g)].map(([, prefix]) => prefix ?? '');
    const unused = Object.keys(en).filter((key) => !key.startsWith('tray.')).filter((key) => !code.includes(`'${key}'`) && !families.some((prefix) => key.startsWith(prefix)));
    expect(unused).toEqual([]);
  });
});

describe('messages', () => {
  it('choose the plural', () => {
    const message = { one: '{count} row', other: '{count} rows' };
    expect(fill(message, { count: 1 }, 'en')).toBe('1 row');
    expect(fill(message, { count: 1234 }, 'en')).toBe('1,234 rows');
    expect(fill({ other: '{count} 行' }, { count: 1 }, 'zh-CN')).toBe('1 行');
  });
  it('leave an unknown hole as it is', () => expect(fill('{a} {b}', { a: 'x' }, 'en')).toBe('x {b}'));
});

describe('systemLocale', () => {
  it('takes the first language that we have', () => {
    expect(systemLocale(['fr-FR', 'zh-Hans-CN', 'en'])).toBe('zh-CN');
    expect(systemLocale(['en-GB', 'zh'])).toBe('en');
    expect(systemLocale(['de'])).toBe('en');
  });
});
