//! Accounts: add, test, switch, reorder, edit, remove, bring back.

import assert from 'node:assert/strict';

import { ACCESS_KEY } from './harness/processes.mjs';
import { stage } from './harness/stage.mjs';

const held = stage();
const card = (page, name) => page.locator('li.card', { has: page.getByRole('heading', { name, exact: true }) });

/** What AWS shows for the shell. */
const PASTED = `export AWS_ACCESS_KEY_ID="${ACCESS_KEY.id}"\nexport AWS_SECRET_ACCESS_KEY="${ACCESS_KEY.secret}"\n`;

async function paste(page, locator, text) {
  await locator.focus();
  await page.evaluate((value) => navigator.clipboard.writeText(value), text);
  await page.keyboard.press('ControlOrMeta+V');
}

held.journey('a Bedrock account: added, tested, used, taken away and brought back', async (window, page) => {
  await window.go('#/accounts');
  await page.getByRole('button', { name: 'Add account' }).first().click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('radio', { name: /Amazon Bedrock/ }).check();
  await dialog.getByLabel('Name', { exact: true }).fill('Work');
  await paste(page, dialog.getByLabel('Access key ID'), PASTED);
  assert.equal(await dialog.getByLabel('Secret access key').inputValue(), ACCESS_KEY.secret);
  await dialog.getByText('Advanced').click();
  await dialog.getByLabel(/Endpoint/).fill(held.emulator.url);
  assert.deepEqual(await window.findings(), []);
  await window.picture('accounts-add-bedrock');
  await window.button('Add and test').click();
  await dialog.getByText(/answered in/).waitFor();
  await window.picture('accounts-added');
  await dialog.getByRole('button', { name: 'Done' }).click();
  // The first account of one's own takes over from the Sandbox.
  await card(page, 'Work').getByText('In use').waitFor();
  assert.equal((await held.product.ask('hello')).account, 'Work');

  // The other way round: a script, or the tray, switches, and the page follows.
  await held.product.admin('POST', '/api/accounts/sandbox/activate');
  await card(page, 'Sandbox').getByText('In use').waitFor();
  await card(page, 'Work').getByRole('button', { name: 'Use now: Work' }).click();
  await card(page, 'Work').getByText('In use').waitFor();

  await card(page, 'Work').getByRole('button', { name: 'Test Work' }).click();
  await card(page, 'Work').getByText(/answered in/).waitFor();

  await card(page, 'Work').getByRole('button', { name: 'Edit Work' }).click();
  await dialog.getByLabel('Name', { exact: true }).fill('Office');
  await dialog.getByText('Advanced').click();
  await dialog.getByLabel('How Claude is asked').selectOption('converse');
  await dialog.getByLabel('Other regions to try').fill('us-west-2 eu-west-1');
  assert.deepEqual(await window.findings(), []);
  await window.picture('accounts-edit');
  await window.button('Save').click();
  await card(page, 'Office').waitFor();
  await window.picture('accounts-one');
  const { accounts } = await held.product.admin('GET', '/api/accounts');
  const { options } = accounts.find(({ name }) => name === 'Office');
  assert.deepEqual(options, { claude_route: 'converse', fallback_regions: ['us-west-2', 'eu-west-1'] });
  await card(page, 'Office').getByRole('button', { name: 'Edit Office' }).click();
  await dialog.getByText('Advanced').click();
  assert.equal(await dialog.getByLabel('Other regions to try').inputValue(), 'us-west-2, eu-west-1');
  await dialog.getByLabel('Other regions to try').fill('nowhere');
  window.expected = [400];
  await window.button('Save').click();
  const alert = dialog.getByRole('alert');
  await alert.waitFor();
  const seen = await alert.evaluate((node) => node.contains(document.elementFromPoint(node.getBoundingClientRect().x + 9, node.getBoundingClientRect().y + 9)));
  assert.ok(seen, 'it is not below the fold');
  await window.picture('accounts-edit-refused');
  await page.keyboard.press('Escape');

  await card(page, 'Office').getByRole('button', { name: 'Remove Office' }).click();
  await window.told('Office was removed.');
  await card(page, 'Office').waitFor({ state: 'detached' });
  assert.equal((await held.product.ask('hello')).account, 'Sandbox');
  await page.getByRole('button', { name: 'Undo' }).click();
  await card(page, 'Office').waitFor();
});

held.journey('a wrong key is told in words, and the account stays to be mended', async (window, page) => {
  await window.go('#/accounts/add');
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('radio', { name: /Amazon Bedrock/ }).check();
  await dialog.getByLabel('Name', { exact: true }).fill('Wrong');
  await dialog.getByLabel('Access key ID').fill(ACCESS_KEY.id);
  await dialog.getByLabel('Secret access key').fill('not+the+secret');
  await dialog.getByText('Advanced').click();
  await dialog.getByLabel(/Endpoint/).fill(held.emulator.url);
  await window.button('Add and test').click();
  await dialog.getByText(/refused the signature/).waitFor();
  await window.picture('accounts-wrong-key');
  assert.deepEqual(await window.findings(), []);
  await dialog.getByRole('button', { name: 'Done' }).click();
  await card(page, 'Wrong').getByRole('button', { name: 'Remove Wrong' }).click();
  await card(page, 'Wrong').waitFor({ state: 'detached' });
});

held.journey('a Kiro account wants consent first, and shows its quota', async (window, page) => {
  await window.go('#/accounts/add');
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('radio', { name: /Kiro/ }).check();
  await dialog.getByLabel('Name', { exact: true }).fill('Mine');
  await dialog.getByLabel('Credential', { exact: true }).selectOption('kiro_api_key');
  await dialog.getByLabel('API key', { exact: true }).fill('ksk_api-key');
  await dialog.getByText('Advanced').click();
  await dialog.getByLabel(/Endpoint/).fill(held.emulator.url);
  await window.button('Add and test').click();
  // The browser itself holds the form back until the box is ticked.
  const box = dialog.getByRole('checkbox');
  assert.equal(await box.evaluate((input) => input.validity.valueMissing), true);
  assert.equal((await held.product.admin('GET', '/api/accounts')).accounts.some(({ name }) => name === 'Mine'), false);
  assert.deepEqual(await window.findings(), []);
  await window.picture('accounts-consent');
  await box.check();
  await window.button('Add and test').click();
  await dialog.getByText(/answered in/).waitFor();
  await dialog.getByRole('button', { name: 'Done' }).click();
  await card(page, 'Mine').locator('.quota').waitFor();
  assert.deepEqual(await window.findings(), []);
  await window.picture('accounts-kiro');

  // The order is the order of failover, and the arrow keys change it.
  const place = async () => (await held.product.admin('GET', '/api/accounts')).accounts.findIndex(({ name }) => name === 'Mine');
  const before = await place();
  await card(page, 'Mine').getByRole('button', { name: /^Move Mine/ }).focus();
  await page.keyboard.press('ArrowUp');
  await page.getByText(/Mine is now at place/).waitFor({ state: 'attached' });
  assert.equal(await place(), before - 1);

  await card(page, 'Mine').getByRole('button', { name: 'Use now: Mine' }).click();
  await card(page, 'Mine').getByText('In use').waitFor();
  assert.equal((await held.product.ask('hello')).account, 'Mine');
});
