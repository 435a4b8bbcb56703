//! The window in a real browser. Every page is watched: what it writes to the console as an error fails its journey.

import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

import { shrunk } from './png.mjs';

// Pinned where the window's own tools are.
const modules = createRequire(new URL('../../../ui/package.json', import.meta.url));
const { chromium } = modules('playwright-core');
const axe = readFileSync(modules.resolve('axe-core/axe.min.js'), 'utf8');

/** Where pictures are kept, for people; none without it. */
const SCREENS = process.env['SCREENS'];
/** Longest that anything on screen may take. */
const PATIENCE = 15_000;

export async function startBrowser() {
  // Whoever is root, as in a container, has no sandbox to give.
  return chromium.launch({ executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium', args: ['--no-sandbox'] });
}

/** A person at a browser of their own. */
export class Window {
  problems = [];
  /** What the person does on purpose to be refused: statuses that the console may complain of. */
  expected = [];

  constructor(context, page) {
    this.context = context;
    this.page = page;
    page.on('console', (message) => {
      const text = message.text();
      const refused = /status of (\d+)/.exec(text)?.[1];
      if (message.type() === 'error' && !this.expected.includes(Number(refused))) this.problems.push(`${text} (${message.location().url})`);
    });
    page.on('pageerror', (error) => this.problems.push(String(error)));
  }

  static async open(browser, url, { locale = 'en', theme = 'light', size = [1440, 900], expected = [] } = {}) {
    const context = await browser.newContext({
      viewport: { width: size[0], height: size[1] }, locale, colorScheme: theme, reducedMotion: 'reduce',
      permissions: ['clipboard-read', 'clipboard-write'],
    });
    context.setDefaultTimeout(PATIENCE);
    const window = new Window(context, await context.newPage());
    window.expected = expected;
    await window.page.goto(url);
    return window;
  }

  /** Goes to a screen and waits until nothing on it is loading. */
  async go(hash) {
    await this.page.evaluate((to) => { location.hash = to; }, hash);
    await this.settled();
  }

  async settled() {
    await this.page.waitForFunction(() => document.querySelector('main') && !document.querySelector('[aria-busy="true"]'));
  }

  button(name, within = this.page) {
    return within.getByRole('button', { name, exact: true });
  }

  /** Waits for a message at the edge of the window. */
  async told(text) {
    await this.page.locator('.toast', { hasText: text }).first().waitFor();
  }

  async picture(name) {
    if (!SCREENS) return;
    const path = join(SCREENS, `${name}.png`);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, shrunk(await this.page.screenshot({ animations: 'disabled' })));
  }

  /** Serious and critical findings of axe, and text that is cut or pushes the page wide. */
  async findings() {
    await this.page.evaluate(axe);
    return this.page.evaluate(async () => {
      const { violations } = await globalThis.axe.run(document, { resultTypes: ['violations'] });
      const grave = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
      const found = grave.map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map(({ target, any }) => `${target.join(' ')} ${any[0]?.message ?? ''}`).join(' | ')}`);
      if (document.documentElement.scrollWidth > innerWidth + 1) found.push(`the page is ${document.documentElement.scrollWidth} wide`);
      for (const node of document.querySelectorAll('button, .btn, .badge, h1, h2, label, a, legend')) {
        const style = getComputedStyle(node);
        const spilt = node.clientWidth > 0 && node.scrollWidth > node.clientWidth + 1 && style.overflow === 'visible' && style.display !== 'inline';
        if (spilt) found.push(`spilt: ${node.className} ${node.textContent.trim().slice(0, 40)}`);
      }
      return found;
    });
  }

  async close() {
    await this.context.close();
    assert.deepEqual(this.problems, [], 'the console stays clean');
  }
}
