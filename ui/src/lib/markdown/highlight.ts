//! Colours for code, as tokens: nothing here ever makes HTML. The languages are the ones that people paste most.

import bash from '@speed-highlight/core/languages/bash.js';
import c from '@speed-highlight/core/languages/c.js';
import css from '@speed-highlight/core/languages/css.js';
import diff from '@speed-highlight/core/languages/diff.js';
import go from '@speed-highlight/core/languages/go.js';
import html from '@speed-highlight/core/languages/html.js';
import java from '@speed-highlight/core/languages/java.js';
import js from '@speed-highlight/core/languages/js.js';
import json from '@speed-highlight/core/languages/json.js';
import py from '@speed-highlight/core/languages/py.js';
import rs from '@speed-highlight/core/languages/rs.js';
import toml from '@speed-highlight/core/languages/toml.js';
import ts from '@speed-highlight/core/languages/ts.js';
import yaml from '@speed-highlight/core/languages/yaml.js';
import { tokenizeWith, type ShjLanguageData } from '@speed-highlight/core/tokenize';

export type Token = { text: string; kind: string };

/** Longer code is shown plain: colouring it would hold up the page. */
const LONGEST = 60_000;

const languages: Record<string, ShjLanguageData> = { bash, c, css, diff, go, html, java, js, json, py, rs, toml, ts, yaml };

const NAMES: Record<string, string> = {
  sh: 'bash', shell: 'bash', zsh: 'bash', console: 'bash', cpp: 'c', 'c++': 'c', csharp: 'java', cs: 'java', kotlin: 'java', swift: 'java',
  golang: 'go', javascript: 'js', jsx: 'js', mjs: 'js', typescript: 'ts', tsx: 'ts', jsonc: 'json', json5: 'json', python: 'py',
  rust: 'rs', svg: 'html', xml: 'html', vue: 'html', svelte: 'html', yml: 'yaml', ini: 'toml', patch: 'diff',
};

/** The tokens of `code`, or null when the language is not one we colour. */
export function highlight(code: string, language: string): Token[] | null {
  const given = language.toLowerCase();
  const chosen = languages[NAMES[given] ?? given];
  if (!chosen || code.length > LONGEST) return null;
  const tokens: Token[] = [];
  tokenizeWith(code, chosen, (text, kind) => tokens.push({ text, kind: kind ?? '' }), { languages });
  return tokens;
}
