//! Pictures of every screen in both sizes, languages and themes, and an accessibility check of each. The built page is
//! served with the real content security policy; the backend is invented (`mock.mjs`).
//!
//!   npm run build && npm run shots [-- --only=home,logs] [--out=shots]

import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

import { chromium } from 'playwright-core';
import { preview } from 'vite';

import { answer, stream } from './mock.mjs';

const argument = (name, otherwise) => process.argv.find((one) => one.startsWith(`--${name}=`))?.slice(name.length + 3) ?? otherwise;
const out = argument('out', 'shots');
const only = argument('only', '')?.split(',').filter(Boolean);
const fast = process.argv.includes('--fast');
mkdirSync(out, { recursive: true });

const root = fileURLToPath(new URL('..', import.meta.url));
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const server = await preview({ root, logLevel: 'silent', preview: { port: 0, strictPort: false } });
const base = server.resolvedUrls.local[0];
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] });

const press = (selector) => async (page) => { await page.click(selector); await page.waitForTimeout(250); };
const say = (text, before) => async (page) => {
  await before?.(page);
  await page.fill('textarea', text);
  await page.keyboard.press('Enter');
  await page.waitForTimeout(700);
};
const scenes = [
  { name: 'home', hash: '#/home' },
  { name: 'home-troubled', hash: '#/home', overrides: { 'GET /api/status': (() => { const status = answer('GET', `${base}api/status`).json; return { ...status, paused: true, port_problem: { port: 4880, owner: 'node (pid 812)' } }; })() } },
  { name: 'accounts', hash: '#/accounts' },
  { name: 'accounts-test', hash: '#/accounts', act: press('li.card .actions button:has-text("Test"), li.card .actions button:has-text("测试")') },
  { name: 'accounts-add', hash: '#/accounts/add', act: async (page) => { await page.click('.vendor >> nth=0'); await page.waitForTimeout(150); } },
  { name: 'accounts-consent', hash: '#/accounts/add', act: async (page) => { await page.click('.vendor >> nth=1'); await page.waitForTimeout(150); } },
  { name: 'accounts-edit', hash: '#/accounts', act: press('li.card .actions button.icon >> nth=0') },
  { name: 'chat', hash: '#/chat' },
  { name: 'chat-answer', hash: '#/chat', act: say('Compare Python, Go and Rust in a small table.', press('button:has-text("Think"), button:has-text("思考")')) },
  { name: 'chat-tool', hash: '#/chat', act: async (page) => { await press('button:has-text("Tool test"), button:has-text("工具测试")')(page); await page.keyboard.press('Enter'); await page.waitForTimeout(700); } },
  { name: 'chat-wire', hash: '#/chat', act: async (page) => { await say('Hi')(page); await press('header button:has-text("Wire"), header button:has-text("线路")')(page); } },
  { name: 'chat-again', hash: '#/chat', act: async (page) => { await say('Hi')(page); await press('article button:has-text("Send again"), article button:has-text("换一个")')(page); await press('dialog button.primary')(page); await page.waitForTimeout(600); } },
  { name: 'chat-options', hash: '#/chat', act: press('header .btn.icon[title="Options"], header .btn.icon[title="选项"]') },
  { name: 'clients', hash: '#/clients', act: press('summary >> nth=0') },
  { name: 'logs', hash: '#/logs' },
  { name: 'logs-errors', hash: '#/logs?errors=1' },
  { name: 'logs-detail', hash: '#/logs/99987' },
  { name: 'logs-none', hash: '#/logs', overrides: { 'GET /api/logs': { rows: [], next: null } } },
  { name: 'usage', hash: '#/usage' },
  ...['general', 'proxy', 'routing', 'network', 'privacy', 'security', 'data', 'about'].map((section) => ({ name: `settings-${section}`, hash: `#/settings/${section}` })),
  { name: 'diagnostics', hash: '#/diagnostics' },
  { name: 'palette', hash: '#/home', act: async (page) => { await page.keyboard.press('Control+k'); await page.waitForTimeout(250); } },
  { name: 'first-run', hash: '#/home', overrides: { 'GET /api/settings': { ...answer('GET', `${base}api/settings`).json, first_run_done: false } } },
  { name: 'first-run-client', hash: '#/home', overrides: { 'GET /api/settings': { ...answer('GET', `${base}api/settings`).json, first_run_done: false } }, act: async (page) => { for (let step = 0; step < 3; step++) await press('.foot .primary')(page); } },
  { name: 'gate', hash: '#/home', overrides: { 'GET /api/session': { authenticated: false, csrf: null, host: 'headless', capabilities: {}, needs: 'password', version: '0.1.0' } } },
];

const sizes = [[820, 560], [1440, 900]];
let bad = 0;
for (const scene of scenes) {
  if (only.length > 0 && !only.some((name) => scene.name === name || scene.name.startsWith(`${name}-`))) continue;
  for (const [width, height] of sizes) {
    for (const [locale, theme] of fast ? [['en', 'light']] : [['en', 'light'], ['en', 'dark'], ['zh-CN', 'light'], ['zh-CN', 'dark']]) {
      const label = `${scene.name}-${width}-${locale}-${theme}`;
      const context = await browser.newContext({ viewport: { width, height }, locale, colorScheme: theme, reducedMotion: 'reduce', bypassCSP: false });
      const page = await context.newPage();
      const problems = [];
      page.on('console', (message) => { if (message.type() === 'error' && !/404|Failed to load resource/.test(message.text())) problems.push(message.text()); });
      page.on('pageerror', (error) => problems.push(String(error)));
      await page.route('**/api/**', (route) => {
        const request = route.request();
        if (request.url().includes('/api/events')) return route.fulfill({ status: 404, json: { code: 'unknown_route', message: '', params: {} } });
        const { status, json } = answer(request.method(), request.url(), scene);
        return route.fulfill({ status, contentType: 'application/json', body: JSON.stringify(json) });
      });
      await page.route('**/v1/messages', (route) =>
        route.fulfill({
          status: 200, contentType: 'text/event-stream', body: stream(route.request().postDataJSON()),
          headers: { 'request-id': `req_${Date.now()}`, 'x-proxy-account': 'work-sso', 'x-proxy-model': 'm', 'access-control-allow-origin': '*', 'access-control-expose-headers': '*', 'access-control-allow-headers': '*' },
        }));
      await page.goto(base + scene.hash);
      await page.waitForTimeout(500);
      try {
        await scene.act?.(page);
      } catch (error) {
        problems.push(`could not be played: ${String(error).split('\n')[0]}`);
      }
      await page.waitForFunction(() => !document.querySelector('[aria-busy="true"]'), null, { timeout: 5000 }).catch(() => problems.push('still loading'));
      await page.waitForTimeout(150);
      await page.screenshot({ path: `${out}/${label}.png` });
      // The check itself is a script that the page's policy rightly keeps out: it runs from outside the page's world.
      await page.evaluate(axe);
      const found = await page.evaluate(async () => {
        const result = await window.axe.run(document, { resultTypes: ['violations'] });
        return result.violations.filter(({ impact }) => impact === 'serious' || impact === 'critical').map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map((node) => `${node.target.join(' ')} ${node.any[0]?.message ?? ''}`).join(' | ')}`);
      });
      const cut = await page.evaluate(() => {
        const wide = document.documentElement.scrollWidth > innerWidth + 1 ? [`page is ${document.documentElement.scrollWidth} wide`] : [];
        // Text that is cut without an ellipsis that says so.
        const spilt = [...document.querySelectorAll('button, .btn, .badge, h1, h2, label, a')].filter((node) => node.scrollWidth > node.clientWidth + 1 && node.clientWidth > 0 && getComputedStyle(node).overflow === 'visible' && getComputedStyle(node).display !== 'inline').map((node) => `spilt: ${node.className} ${node.textContent.trim().slice(0, 40)}`);
        return [...wide, ...spilt.slice(0, 4)];
      });
      for (const problem of [...problems, ...found, ...cut]) {
        bad++;
        console.log(`${label}: ${problem}`);
      }
      await context.close();
    }
  }
}
await browser.close();
await server.close();
console.log(bad === 0 ? 'nothing serious found' : `${bad} findings`);
process.exit(bad === 0 ? 0 : 1);
