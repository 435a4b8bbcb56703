//! What other programs of the machine have: listed, ticked, used.

import assert from 'node:assert/strict';

import { stage } from './harness/stage.mjs';

const IDE = { accessToken: 'aoa-hidden', refreshToken: 'aor-hidden', expiresAt: '2099-01-01T00:00:00Z', authMethod: 'social', provider: 'Google' };

const held = stage(async ({ product }) => {
  product.keep('.aws/credentials', '[work]\naws_access_key_id = AKIAHIDDEN\naws_secret_access_key = hidden\n');
  product.keep('.aws/config', '[profile work]\nregion = eu-west-1\n[sso-session corp]\nsso_region = eu-central-1\nsso_start_url = https://corp.awsapps.com/start\n');
  product.keep('.aws/sso/cache/kiro-auth-token.json', JSON.stringify(IDE));
});

held.journey('what is found is used when it is ticked, after consent where one is due', async (window, page) => {
  await window.go('#/accounts/add');
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('heading', { name: 'Found on this machine' }).waitFor();
  assert.equal((await dialog.textContent()).includes('hidden'), false, 'no secret is shown');
  const use = dialog.getByRole('button', { name: 'Use what is ticked' });
  assert.equal(await use.isDisabled(), true);
  assert.equal(await dialog.getByRole('checkbox', { name: /corp/ }).isDisabled(), true, 'it wants a sign-in');
  await dialog.getByRole('checkbox', { name: /work/ }).check();
  await dialog.getByRole('checkbox', { name: /Kiro IDE/ }).check();
  assert.equal(await use.isDisabled(), true, 'the note comes first');
  assert.deepEqual(await window.findings(), []);
  await window.picture('accounts-found');
  await dialog.getByRole('checkbox', { name: /I have read this/ }).check();
  await use.click();
  await dialog.getByText('In use').nth(1).waitFor();
  const { accounts } = await held.product.admin('GET', '/api/accounts');
  assert.deepEqual(accounts.map(({ credential }) => credential.kind).sort(), ['aws_profile', 'none', 'shared_login']);
  assert.deepEqual(await window.findings(), []);
});
