//! Colours for code, as a tree of tokens: highlight.js would hand us HTML, its emitter hands us nodes.

import type { HLJSOptions } from 'highlight.js';
import hljs from 'highlight.js/lib/core';
import bash from 'highlight.js/lib/languages/bash';
import diff from 'highlight.js/lib/languages/diff';
import go from 'highlight.js/lib/languages/go';
import java from 'highlight.js/lib/languages/java';
import json from 'highlight.js/lib/languages/json';
import python from 'highlight.js/lib/languages/python';
import rust from 'highlight.js/lib/languages/rust';
import typescript from 'highlight.js/lib/languages/typescript';
import xml from 'highlight.js/lib/languages/xml';
import yaml from 'highlight.js/lib/languages/yaml';

export type Token = string | { kind: string; children: Token[] };

/** Longer code is shown plain: colouring it would hold up the page. */
const LONGEST = 60_000;

for (const [name, language] of Object.entries({ bash, diff, go, java, json, python, rust, typescript, xml, yaml })) {
  hljs.registerLanguage(name, language);
}
hljs.registerAliases(['js', 'jsx', 'javascript', 'mjs'], { languageName: 'typescript' });
hljs.registerAliases(['shell', 'console', 'zsh', 'powershell', 'toml', 'ini'], { languageName: 'bash' });
hljs.registerAliases(['c', 'cpp', 'c++', 'csharp', 'cs', 'kotlin', 'swift', 'php'], { languageName: 'java' });

/** Collects tokens. The interface is the one of highlight.js's own emitter. */
class Collector {
  readonly tokens: Token[] = [];
  readonly #open: Token[][] = [this.tokens];

  addText(text: string): void {
    if (text !== '') this.#top().push(text);
  }
  startScope(name: string): void {
    this.openNode(name);
  }
  endScope(): void {
    this.closeNode();
  }
  openNode(name: string): void {
    const children: Token[] = [];
    // `title.function` is coloured as a title.
    this.#top().push({ kind: name.split('.')[0] ?? '', children });
    this.#open.push(children);
  }
  closeNode(): void {
    if (this.#open.length > 1) this.#open.pop();
  }
  __addSublanguage(other: Collector): void {
    this.#top().push(...other.tokens);
  }
  closeAllNodes(): void {
    this.#open.length = 1;
  }
  finalize(): void {
    this.closeAllNodes();
  }
  toHTML(): string {
    return '';
  }
  #top(): Token[] {
    return this.#open.at(-1) ?? this.tokens;
  }
}

hljs.configure({ __emitter: Collector } as unknown as Partial<HLJSOptions>);

/** The tokens of `code`, or null when the language is not one we colour. */
export function highlight(code: string, language: string): Token[] | null {
  const name = language.toLowerCase();
  if (code.length > LONGEST || !hljs.getLanguage(name)) return null;
  const result = hljs.highlight(code, { language: name, ignoreIllegals: true });
  return (result._emitter as unknown as Collector).tokens;
}
