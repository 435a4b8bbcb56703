//! Everything there is to see, each as the way to it. Words come from the window's own dictionaries, so that a way is the
//! same in every language.

import { readFileSync } from 'node:fs';

const dictionaries = Object.fromEntries(
  ['en', 'zh-CN'].map((locale) => [locale, JSON.parse(readFileSync(new URL(`../../../ui/src/lib/i18n/${locale}.json`, import.meta.url), 'utf8'))]),
);

/** The text of a key without what it has for parameters. */
export const say = (locale) => (key) => dictionaries[locale][key];

const dialog = (page) => page.getByRole('dialog');
/** Shows the end of what is in a dialog. */
const toEnd = (page) => dialog(page).locator('.body').evaluate((body) => { body.scrollTop = body.scrollHeight; });
const at = (hash) => ({ window }) => window.go(hash);
const card = (page, name) => page.locator('li.card', { has: page.getByRole('heading', { name, exact: true }) });

async function wizard({ window, page }, name) {
  await window.go('#/accounts/add');
  await dialog(page).getByRole('radio', { name }).check();
}

async function wire(seen, tab) {
  const { page, t, world } = seen;
  await talk(seen, world.code);
  await page.locator('article').first().getByRole('button', { name: t('wire.title') }).click();
  const radio = page.getByRole('radio', { name: t(`wire.${tab}`), exact: true });
  await radio.check();
  // It comes from the backend.
  if (tab === 'upstream') await page.getByText(/^POST http/).first().waitFor();
}

async function story({ window, page, world }, row) {
  await window.go(`#/logs/${world.rows[row]}`);
  // What was captured comes a moment after the row.
  await dialog(page).locator('.wire').waitFor();
}

async function talk({ window, page }, { id, words }) {
  await window.go(`#/chat/${id}`);
  await page.locator('.bubble', { hasText: words }).waitFor();
}

/** Of somebody who has used it for weeks. */
export const LIVED_IN = {
  home: at('#/home'),
  accounts: at('#/accounts'),
  'accounts-add': at('#/accounts/add'),
  'accounts-add-bedrock': (seen) => wizard(seen, /Bedrock/),
  'accounts-add-consent': (seen) => wizard(seen, /Kiro/),
  'accounts-add-fields': async (seen) => {
    await wizard(seen, /Kiro/);
    await dialog(seen.page).locator('select').first().selectOption('oidc_refresh_token');
    await toEnd(seen.page);
  },
  'accounts-edit': async ({ window, page }) => {
    await window.go('#/accounts');
    await card(page, 'Team role').locator('.actions button').nth(2).click();
    await dialog(page).getByRole('switch').nth(1).press('Space');
  },
  'accounts-sign-in': async (seen) => {
    await seen.window.go(`#/accounts/${seen.world.trial}/sign-in`);
    await dialog(seen.page).locator('code').waitFor();
  },
  'accounts-sign-in-choice': async (seen) => {
    const { page, t, world } = seen;
    await wizard(seen, /Bedrock/);
    await dialog(page).locator('select').first().selectOption('login:identity_center');
    await dialog(page).getByLabel(t('field.start_url')).fill('https://d-0000000000.awsapps.com/start');
    await dialog(page).getByLabel(t('field.oidc_region')).fill('eu-central-1');
    await dialog(page).getByText(t('common.advanced')).click();
    await dialog(page).getByLabel(t('accounts.endpoint')).fill(world.emulator);
    await dialog(page).getByRole('button', { name: t('signin.begin'), exact: true }).click();
    const code = await dialog(page).locator('code').textContent();
    await fetch(`${world.emulator}/device`, { method: 'POST', body: new URLSearchParams({ user_code: code, decision: 'allow' }) });
    await dialog(page).getByText(t('signin.account')).waitFor();
  },
  'accounts-removed': async ({ window, page, t }) => {
    await window.go('#/accounts');
    await page.getByRole('button', { name: t('accounts.showRemoved') }).click();
    await dialog(page).waitFor();
  },
  'accounts-import': async ({ window, page, t }) => {
    await window.go('#/accounts');
    await page.getByRole('button', { name: t('import.open'), exact: true }).click();
    await dialog(page).locator('textarea').fill('ksk_one\nbob ksk_one\nwhat is this');
    await dialog(page).getByRole('button', { name: t('import.look') }).click();
    await dialog(page).locator('li').nth(2).waitFor();
  },
  'accounts-export': async ({ window, page, t }) => {
    await window.go('#/accounts');
    await page.getByRole('button', { name: t('export.open'), exact: true }).click();
    await dialog(page).waitFor();
  },
  chat: async ({ window, page }) => {
    await window.go('#/chat/new');
    await page.locator('.thread .empty').waitFor();
  },
  'chat-code': async (seen) => {
    await talk(seen, seen.world.code);
    await seen.page.locator('details.thinking').first().evaluate((node) => { node.open = true; });
    await seen.page.locator('.thread').evaluate((node) => { node.scrollTop = 0; });
  },
  'chat-tool': async (seen) => {
    await talk(seen, seen.world.code);
    await seen.page.locator('.thread').evaluate((node) => { node.scrollTop = node.scrollHeight; });
  },
  'chat-picture': (seen) => talk(seen, seen.world.picture),
  'chat-side-by-side': (seen) => talk(seen, seen.world.side),
  'chat-again': async (seen) => {
    await talk(seen, seen.world.picture);
    await seen.page.locator('article').getByRole('button', { name: seen.t('chat.again') }).click();
  },
  'chat-options': async (seen) => {
    await talk(seen, seen.world.picture);
    await seen.page.getByRole('button', { name: seen.t('chat.options') }).click();
  },
  'wire-client': (seen) => wire(seen, 'client'),
  'wire-upstream': (seen) => wire(seen, 'upstream'),
  'wire-events': (seen) => wire(seen, 'events'),
  'wire-timing': (seen) => wire(seen, 'timing'),
  clients: at('#/clients'),
  'clients-connect': async ({ window, page, t }) => {
    await window.go('#/clients');
    await page.locator('.acts button').first().click();
    await dialog(page).getByLabel(t('clients.diff')).waitFor();
  },
  logs: at('#/logs'),
  'logs-errors': at('#/logs?errors=1'),
  'logs-nothing-fits': at('#/logs?text=zzz'),
  'logs-detail': (seen) => story(seen, 'kept'),
  'logs-error': (seen) => story(seen, 'failed'),
  'logs-failover': (seen) => story(seen, 'moved'),
  usage: at('#/usage'),
  'usage-cost': async ({ window, page, t }) => {
    await window.go('#/usage');
    for (const key of ['usage.range.month', 'usage.group.model', 'usage.measure.cost']) await page.getByRole('radio', { name: t(key), exact: true }).check();
    await window.settled();
  },
  ...Object.fromEntries(['general', 'proxy', 'routing', 'network', 'privacy', 'security', 'data', 'about'].map((section) => [`settings-${section}`, at(`#/settings/${section}`)])),
  'settings-restore': async ({ window, page, t }) => {
    await window.go('#/settings/data');
    await page.getByRole('button', { name: t('backups.restore') }).first().click();
    await dialog(page).waitFor();
  },
  'settings-secrets-move': (seen) => secrets(seen, 'secrets.move'),
  'settings-secrets-recovery': async (seen) => {
    await secrets(seen, 'secrets.recovery.make');
    await dialog(seen.page).getByRole('button', { name: seen.t('secrets.recovery.make') }).click();
    await dialog(seen.page).locator('code').waitFor();
  },
  'settings-secrets-forget': (seen) => secrets(seen, 'secrets.forget'),
  'settings-lan': async ({ window, page, t }) => {
    await window.go('#/settings/proxy');
    await page.getByRole('switch', { name: t('settings.lan') }).press('Space');
    await dialog(page).waitFor();
  },
  diagnostics: at('#/diagnostics'),
  'diagnostics-bundle': async ({ window, page, t }) => {
    await window.go('#/diagnostics');
    await page.getByRole('button', { name: t('diagnostics.bundle') }).click();
    await dialog(page).locator('summary').first().click();
  },
  palette: async ({ window, page }) => {
    await window.go('#/home');
    await page.keyboard.press('ControlOrMeta+K');
    await page.getByRole('combobox').waitFor();
  },
  'palette-nothing-fits': async ({ window, page }) => {
    await window.go('#/home');
    await page.keyboard.press('ControlOrMeta+K');
    await page.getByRole('combobox').fill('zzz');
  },
};

async function secrets({ window, page, t }, button) {
  await window.go('#/settings/security');
  await page.getByRole('button', { name: t(button) }).first().click();
  await dialog(page).waitFor();
}

/** Of somebody whose key is not at hand. */
export const LOCKED = {
  locked: ({ page, t }) => page.getByRole('heading', { name: t('locked.title') }).waitFor(),
  'locked-over': async ({ page, t }) => {
    await page.getByRole('button', { name: t('locked.over') }).click();
    await dialog(page).waitFor();
  },
};

/** Of somebody who has just begun. */
export const EMPTY = {
  'empty-home': at('#/home'),
  'empty-accounts': at('#/accounts'),
  'empty-chat': at('#/chat'),
  'empty-logs': at('#/logs'),
  'empty-usage': at('#/usage'),
};

/** The first run, step by step: each begins where the one before ended. */
export const FIRST_RUN = {
  'first-run-1-welcome': ({ page, t }) => page.getByRole('heading', { name: t('first.welcome.title') }).waitFor(),
  'first-run-2-account': (seen) => next(seen, 'account'),
  'first-run-3-check': async (seen) => {
    await next(seen, 'check');
    await seen.page.locator('.first .note').first().waitFor();
  },
  'first-run-4-editor': (seen) => next(seen, 'client'),
  'first-run-5-try': async (seen) => {
    await next(seen, 'try');
    await seen.page.getByRole('button', { name: seen.t('first.try.test') }).click();
    await seen.page.locator('.first li', { hasText: '200' }).first().waitFor();
  },
};

async function next({ page, t }, step) {
  await page.getByRole('button', { name: t('common.next'), exact: true }).click();
  await page.getByRole('heading', { name: t(`first.${step}.title`) }).waitFor();
}

/** Puts away what lies above the screen. */
export async function away(page) {
  for (let open = await dialog(page).count(); open > 0; open--) {
    await page.keyboard.press('Escape');
    await page.waitForFunction((before) => document.querySelectorAll('dialog').length < before, open);
  }
}
