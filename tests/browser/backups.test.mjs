//! Backups: made, put in the place of the data while everything runs, and removed.

import assert from 'node:assert/strict';

import { stage } from './harness/stage.mjs';

const held = stage();
const names = async () => (await held.product.admin('GET', '/api/accounts')).accounts.map(({ name }) => name);

held.journey('accounts that were removed come back with a backup', async (window, page) => {
  const { id } = await held.product.bedrock('Precious', held.emulator);
  await window.go('#/settings/data');
  await page.getByLabel('Of these, keep').fill('3');
  await page.keyboard.press('Tab');
  await window.told('Saved');
  assert.deepEqual((await held.product.admin('GET', '/api/settings')).backups, { every_hours: 24, keep: 3 });

  await window.button('Back up now').click();
  await window.told('Backed up.');
  const mine = page.getByRole('list', { name: 'Backups' }).getByRole('listitem').filter({ hasText: 'made by you' });
  assert.equal(await mine.count(), 1);
  await held.product.admin('DELETE', `/api/accounts/${id}`);
  assert.ok(!(await names()).includes('Precious'));

  await mine.getByRole('button', { name: 'Restore…' }).click();
  const dialog = page.getByRole('dialog');
  assert.deepEqual(await window.findings(), []);
  await window.picture('settings-restore-asked');
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  assert.ok(!(await names()).includes('Precious'), 'nothing was changed');
  await mine.getByRole('button', { name: 'Restore…' }).click();
  await dialog.getByRole('button', { name: 'Restore', exact: true }).click();
  await window.told('Restored.');
  assert.ok((await names()).includes('Precious'));
  // The window follows: nobody has to load it anew.
  await window.go('#/accounts');
  await page.getByText('Precious').first().waitFor();

  await window.go('#/settings/data');
  await window.picture('settings-backups');
  await mine.getByRole('button', { name: 'Remove the backup' }).click();
  await mine.waitFor({ state: 'detached' });
  assert.ok(!(await held.product.admin('GET', '/api/backups')).backups.some(({ kind }) => kind === 'person'));
});

held.journey('a backup that is damaged changes nothing', async (window, page) => {
  const { writeFile } = await import('node:fs/promises');
  const { backups, folder } = await held.product.admin('GET', '/api/backups');
  await writeFile(`${folder}/manual-20260101-000000-000.db`, 'no database'.repeat(1000));
  assert.ok(backups.length > 0);
  const before = await names();
  await window.go('#/settings/data');
  window.expected = [409];
  const bad = page.getByRole('list', { name: 'Backups' }).getByRole('listitem').filter({ hasText: 'made by you' });
  await bad.getByRole('button', { name: 'Restore…' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Restore', exact: true }).click();
  await window.told('This backup is damaged.');
  assert.deepEqual(await names(), before);
});
