//! Many accounts at once: looked at, ticked, added; taken elsewhere in a file; found again by their tags.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

import { ACCESS_KEY } from './harness/processes.mjs';
import { stage } from './harness/stage.mjs';

const held = stage((held) => held.product.bedrock('Work', held.emulator));
const card = (page, name) => page.locator('li.card', { has: page.getByRole('heading', { name, exact: true }) });
const names = async () => (await held.product.admin('GET', '/api/accounts')).accounts.map(({ name }) => name).sort();

/** The account that is there, one that is not, one twice, one that cannot be read. */
const LIST = `${ACCESS_KEY.id},${ACCESS_KEY.secret}
friend ksk_first_key
ksk_first_key
what is this`;

held.journey('import with duplicates', async (window, page) => {
  window.expected.push(502);
  await window.go('#/accounts');
  await window.button('Import').click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Or paste it here').fill(LIST);
  assert.deepEqual(await window.findings(), []);
  await window.picture('accounts-import');
  await window.button('See what is in it').click();
  const rows = dialog.locator('li');
  await rows.nth(3).waitFor();
  assert.match(await rows.nth(0).innerText(), /same as Work/);
  assert.match(await rows.nth(1).innerText(), /friend.*new/s);
  assert.match(await rows.nth(2).innerText(), /same as friend above/);
  assert.match(await rows.nth(3).innerText(), /No key or token was found/);
  const box = (at) => rows.nth(at).getByRole('checkbox');
  const ticks = await Promise.all([0, 1, 2, 3].map((at) => box(at).isChecked()));
  assert.deepEqual(ticks, [false, true, false, false]);
  assert.equal(await box(3).isDisabled(), true);
  assert.deepEqual(await window.findings(), []);
  await window.picture('accounts-import-preview');

  // Nothing comes in before the note of its vendor is agreed to.
  const add = dialog.getByRole('button', { name: 'Add 1 account' });
  assert.equal(await add.isDisabled(), true);
  await dialog.getByLabel(/I have read this/).check();
  assert.deepEqual(await names(), ['Sandbox', 'Work']);
  await add.click();
  await window.told('1 account was added.');
  await card(page, 'friend').waitFor();
  assert.deepEqual(await names(), ['Sandbox', 'Work', 'friend']);
});

held.journey('accounts leave in an encrypted file and come back from it', async (window, page) => {
  await window.go('#/accounts');
  await card(page, 'Work').getByRole('button', { name: 'Edit Work' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel(/^Tags/).fill('office, eu');
  await dialog.getByLabel(/^Note/).fill('Of the team');
  await window.button('Save').click();
  await card(page, 'Work').getByText('office').waitFor();
  await page.getByRole('button', { name: 'eu', exact: true }).click();
  await card(page, 'friend').waitFor({ state: 'detached' });
  await page.getByRole('button', { name: 'eu', exact: true }).click();
  await card(page, 'friend').waitFor();

  await window.button('Export').click();
  const save = dialog.getByRole('button', { name: 'Save file' });
  await dialog.getByLabel('Passphrase of the file').fill('correct horse battery');
  assert.equal(await save.isDisabled(), true);
  await dialog.getByLabel('Passphrase again').fill('correct horse battery');
  assert.deepEqual(await window.findings(), []);
  await window.picture('accounts-export');
  const [file] = await Promise.all([page.waitForEvent('download'), save.click()]);
  assert.equal(file.suggestedFilename(), 'switchboard-accounts.age');
  const path = await file.path();
  const text = readFileSync(path, 'utf8');
  assert.ok(text.startsWith('-----BEGIN AGE') && !text.includes(ACCESS_KEY.secret));

  await card(page, 'Work').getByRole('button', { name: 'Remove Work' }).click();
  await card(page, 'Work').waitFor({ state: 'detached' });
  await window.button('Import').click();
  await dialog.getByLabel('File').setInputFiles(path);
  await dialog.getByText('This file is encrypted.').waitFor();
  await dialog.getByLabel('Passphrase of the file').fill('wrong horse battery');
  await window.button('See what is in it').click();
  await dialog.getByText('This is not the passphrase').waitFor();
  await dialog.getByLabel('Passphrase of the file').fill('correct horse battery');
  await window.button('See what is in it').click();
  await dialog.getByRole('button', { name: 'Add 1 account' }).click();
  await card(page, 'Work').getByText('Of the team').waitFor();
  assert.equal((await held.product.ask('hello')).status, 200);
  // The imported Kiro key is nobody's: its allowance cannot be had. And a passphrase is missing, then wrong.
}, { expected: [502, 400] });
