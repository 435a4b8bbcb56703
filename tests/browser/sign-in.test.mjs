//! Signing in with a browser: a second tab plays the person at the vendor's pages.

import assert from 'node:assert/strict';

import { stage } from './harness/stage.mjs';
import { startEmulator } from './harness/processes.mjs';
import { Window } from './harness/window.mjs';

const held = stage(async () => undefined, { ask: true });

/** The vendor's page, which the person opens in a tab of its own. */
async function vendor(page) {
  const [tab] = await Promise.all([page.context().waitForEvent('page'), page.getByRole('link', { name: 'Open the sign-in page' }).click()]);
  await tab.getByRole('heading', { name: 'Sign in' }).waitFor();
  return tab;
}

/** Confirms the code that the window shows. */
async function confirm(page) {
  const code = await page.getByRole('dialog').locator('code').textContent();
  const tab = await vendor(page);
  assert.equal(await tab.getByLabel('Code').inputValue(), code, 'the page shows the same code');
  await tab.getByRole('button', { name: 'Confirm and continue' }).click();
  await tab.getByText('Request approved.').waitFor();
  await tab.close();
}

/** The wizard, at a vendor of the emulator. */
async function wizard(window, page, name, way) {
  await window.go('#/accounts/add');
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('radio', { name }).check();
  const agree = dialog.getByRole('checkbox', { name: /I have read/ });
  if (await agree.count()) await agree.check();
  if (way) await dialog.getByLabel('Credential', { exact: true }).selectOption({ label: way });
  await dialog.getByText('Advanced').click();
  await dialog.getByLabel('Endpoint').fill(held.emulator.url);
  return dialog;
}

const begin = (dialog) => dialog.getByRole('button', { name: 'Sign in', exact: true }).click();
const card = (page, name) => page.locator('li.card', { has: page.getByRole('heading', { name, exact: true }) });

held.journey('a code is confirmed in another tab, and the account answers', async (window, page) => {
  const dialog = await wizard(window, page, /Kiro/);
  assert.equal(await dialog.getByLabel('Credential', { exact: true }).locator('option:checked').textContent(), 'Sign in with AWS Builder ID', 'the way that asks for nothing comes first');
  await dialog.getByLabel('Name').fill('mine');
  await begin(dialog);
  await dialog.getByText('see that it shows this code', { exact: false }).waitFor();
  assert.deepEqual(await window.findings(), []);
  await confirm(page);
  await dialog.getByText('mine was added').waitFor();
  await dialog.getByText('answered', { exact: false }).waitFor();
  await dialog.getByRole('button', { name: 'Done' }).click();
  await card(page, 'mine').waitFor();
  const { id } = (await held.product.admin('GET', '/api/accounts')).accounts.find(({ name }) => name === 'mine');
  assert.equal((await held.product.ask('hello', { 'x-switchboard-account': id })).account, 'mine');
});

held.journey('who declines is told, and may go back and choose the browser', async (window, page) => {
  const dialog = await wizard(window, page, /Kiro/, 'Sign in with Google');
  await dialog.getByLabel('Name').fill('social');
  await begin(dialog);
  let tab = await vendor(page);
  await tab.getByRole('button', { name: 'Deny' }).click();
  await dialog.getByText('declined in the browser', { exact: false }).waitFor();
  await tab.close();
  await dialog.getByRole('button', { name: 'Back' }).click();
  assert.equal(await dialog.getByLabel('Name').inputValue(), 'social', 'what was entered stays');
  await dialog.getByRole('checkbox', { name: /Use a browser on the machine/ }).check();
  await begin(dialog);
  await dialog.getByText('it brings you back by itself', { exact: false }).waitFor();
  tab = await vendor(page);
  await tab.getByRole('link', { name: 'Allow' }).click();
  await tab.getByText('You can close this window', { exact: false }).waitFor();
  await tab.close();
  await dialog.getByText('social was added').waitFor();
  await dialog.getByRole('button', { name: 'Done' }).click();
});

held.journey('a sign-in that ended overnight is made again while a request waits for it', async (window, page) => {
  const dialog = await wizard(window, page, /Bedrock/, 'Sign in with IAM Identity Center');
  await dialog.getByLabel('Name').fill('work');
  await dialog.getByLabel('Start URL').fill('https://d-0000000000.awsapps.com/start');
  await dialog.getByLabel('Region of the sign-in').fill('eu-central-1');
  await begin(dialog);
  await confirm(page);
  await dialog.getByText('Choose an AWS account').waitFor();
  assert.deepEqual(await window.findings(), []);
  await dialog.getByRole('button', { name: /Development/ }).click();
  await dialog.getByText('Choose a role').waitFor();
  await dialog.getByRole('button', { name: 'Developer' }).click();
  await dialog.getByText('work was added').waitFor();
  await dialog.getByRole('button', { name: 'Use now' }).click();
  assert.equal((await held.product.ask('hello')).account, 'work');

  // The night: nobody who had signed in is known any more.
  await held.emulator.stop();
  held.emulator = await startEmulator({ ask: true, port: Number(new URL(held.emulator.url).port) });
  const before = (await held.product.admin('GET', '/api/accounts')).accounts.find(({ name }) => name === 'work');
  const { id } = before;
  await held.product.admin('PUT', '/api/settings', { failover: { enabled: false } });
  const refused = await held.product.ask('hello');
  assert.equal(refused.status, 401, refused.body);

  await window.go('#/home');
  await page.getByText('work: its sign-in has ended').waitFor();
  assert.deepEqual(await window.findings(), []);
  await window.picture('home-sign-in');
  await page.getByRole('link', { name: 'Sign in again' }).click();
  await dialog.getByText('see that it shows this code', { exact: false }).waitFor();
  assert.deepEqual(await window.findings(), []);
  const asked = new AbortController();
  const answer = await fetch(`${held.product.url}/v1/messages`, {
    method: 'POST', signal: asked.signal,
    headers: { 'x-api-key': held.product.key, 'anthropic-version': '2023-06-01', 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'claude-sonnet-4-5', max_tokens: 64, stream: true, messages: [{ role: 'user', content: 'good morning' }] }),
  });
  const words = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  const first = (await words.read()).value;
  assert.match(first, /^event: ping/, 'it waits, and says so');
  await confirm(page);
  let rest = '';
  for (let next = await words.read(); !next.done; next = await words.read()) rest += next.value;
  const said = [...rest.matchAll(/"text_delta","text":"([^"]*)"/g)].map(([, text]) => text).join('');
  assert.match(said, /good morning/);
  assert.match(rest, /message_stop/);
  await window.told('work is signed in.');
  await dialog.waitFor({ state: 'detached' });
  const after = (await held.product.admin('GET', '/api/accounts')).accounts.find((account) => account.id === id);
  assert.deepEqual([after.name, after.position, after.active, after.credential, after.state.kind], [before.name, before.position, before.active, before.credential, 'ready']);
});

held.journey('signing in again in another window ends it here; an access key is given anew', async (window, page) => {
  const { id } = (await held.product.admin('GET', '/api/accounts')).accounts.find(({ name }) => name === 'work');
  await window.go(`#/accounts/${id}/sign-in`);
  const dialog = page.getByRole('dialog');
  await dialog.locator('code').waitFor();
  // As the tray opens it: signed in to the window, and at the account.
  const other = await Window.open(held.browser, `${await held.product.invite()}&at=/accounts/${id}/sign-in`);
  await other.page.getByRole('dialog').locator('code').waitFor();
  await dialog.getByText('This sign-in was cancelled').waitFor();
  await other.close();
  await dialog.getByRole('button', { name: 'Start again' }).click();
  await dialog.locator('code').waitFor();
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  await dialog.waitFor({ state: 'detached' });
  const { sign_ins: left } = await held.product.admin('GET', '/api/signins');
  assert.ok(left.every(({ state }) => !['working', 'waiting'].includes(state)), JSON.stringify(left));

  const plain = await held.product.bedrock('plain', held.emulator);
  // How an access key came to be is nothing that can be done again.
  window.expected = [409];
  await window.go(`#/accounts/${plain.id}/sign-in`);
  await dialog.getByLabel('Secret access key').waitFor();
});
