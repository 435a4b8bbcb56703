//! The admin password: set, used to sign in, changed elsewhere, removed; and what is shown while other machines are let in.

import assert from 'node:assert/strict';

import { stage } from './harness/stage.mjs';
import { Window } from './harness/window.mjs';

const held = stage();
const FIRST = 'correct horse battery';
const SECOND = 'another long phrase';

async function dialog(page, name) {
  await page.getByRole('button', { name, exact: true }).click();
  return page.getByRole('dialog', { name: 'Admin password' });
}

held.journey('a password is set, opens the window, and ends it when it changes', async (window, page) => {
  await window.go('#/settings/security');
  const asked = await dialog(page, 'Set');
  await asked.getByLabel('New password').fill('short');
  await asked.getByRole('button', { name: 'Save' }).click();
  assert.equal(await asked.getByLabel('New password').evaluate((input) => input.validity.tooShort), true);
  assert.deepEqual(await window.findings(), []);
  await asked.getByLabel('New password').fill(FIRST);
  await asked.getByRole('button', { name: 'Save' }).click();
  await window.told('Saved');
  // This window goes on: it has another session.
  await page.getByRole('button', { name: 'Change', exact: true }).waitFor();
  await window.go('#/settings/general');
  await page.getByText('Dark').click();
  await page.locator('html[data-theme="dark"]').waitFor();
  await held.product.admin('PUT', '/api/settings', { theme: 'system' });

  // Somebody else, in a browser of their own.
  const other = await Window.open(held.browser, held.product.url);
  other.expected = [401];
  const field = other.page.getByLabel('Admin password');
  await field.fill('a guess');
  await other.page.keyboard.press('Enter');
  await other.page.getByRole('alert').waitFor();
  assert.deepEqual(await other.findings(), []);
  await other.picture('sign-in');
  await field.fill(FIRST);
  await other.page.keyboard.press('Enter');
  await other.page.getByRole('heading', { level: 1, name: 'Home' }).or(other.page.getByRole('navigation', { name: 'Main' })).first().waitFor();

  // Who came in with it must know it to change it.
  await other.go('#/settings/security');
  const change = await dialog(other.page, 'Change');
  other.expected = [401, 403];
  await change.getByLabel('Password until now').fill('not that');
  await change.getByLabel('New password').fill(SECOND);
  await change.getByRole('button', { name: 'Save' }).click();
  await change.getByRole('alert').getByText('That is not the password until now.').waitFor();
  await change.getByLabel('Password until now').fill(FIRST);
  await change.getByRole('button', { name: 'Save' }).click();
  await other.told('Saved');

  // The first window is signed out at once, and comes back with the new password.
  window.expected = [401];
  await page.getByLabel('Admin password').waitFor();
  await page.getByLabel('Admin password').fill(SECOND);
  await page.keyboard.press('Enter');
  await page.getByRole('navigation', { name: 'Main' }).waitFor();
  await window.settled();
  const said = await held.product.ask('after signing in again');
  assert.equal(said.status, 200);
  await window.go('#/logs');
  await page.getByText('claude-sonnet-4-5').first().waitFor();

  await held.product.admin('PUT', '/api/password', { password: null });
  await page.getByLabel('One-time token').waitFor();
  await other.page.getByLabel('One-time token').waitFor();
  await other.close();
});

held.journey('while other machines are let in the window says so on every screen', async (window, page) => {
  await window.go('#/settings/proxy');
  const lan = page.getByRole('switch', { name: 'Let other machines in' });
  window.expected = [409];
  await lan.press('Space');
  await page.getByRole('button', { name: 'Let them in' }).click();
  await window.told('needs an admin password');
  assert.equal((await held.product.admin('GET', '/api/status')).wide, false);

  await held.product.admin('PUT', '/api/password', { password: FIRST });
  window.expected = [409, 401];
  await page.getByLabel('Admin password').fill(FIRST);
  await page.keyboard.press('Enter');
  await page.getByRole('navigation', { name: 'Main' }).waitFor();
  await window.go('#/settings/proxy');
  await lan.press('Space');
  await page.getByRole('button', { name: 'Let them in' }).click();
  await window.told('Saved');
  for (const screen of ['home', 'logs', 'settings/security']) {
    await window.go(`#/${screen}`);
    await page.getByRole('link', { name: 'Open to network' }).waitFor();
  }
  assert.deepEqual(await window.findings(), []);
  await window.picture('open-to-the-network');
  await held.product.admin('PUT', '/api/settings', { bind: '127.0.0.1', allow_lan: false });
  await page.getByRole('link', { name: 'Open to network' }).waitFor({ state: 'detached' });
});
