//! Without a mouse: from the first run to an account, an answer and the log.

import assert from 'node:assert/strict';
import { after } from 'node:test';

import { ACCESS_KEY } from './harness/processes.mjs';
import { stage } from './harness/stage.mjs';
import { away, LIVED_IN, say } from './harness/views.mjs';
import { furnish, MOSTLY_USED } from './harness/world.mjs';

const held = stage(({ product }) => product.admin('PUT', '/api/settings', { first_run_done: false }));

held.journey('keyboard only', async (window, page) => {
  const { keyboard } = page;
  const focused = () => page.evaluate(() => {
    const { activeElement: node } = document;
    return { name: node?.getAttribute('aria-label') ?? node?.labels?.[0]?.textContent?.trim() ?? node?.textContent?.trim() ?? '', tag: node?.tagName ?? '', ring: [node, node?.closest('form')].some((shown) => shown && (getComputedStyle(shown).outlineStyle !== 'none' || getComputedStyle(shown).boxShadow !== 'none')) };
  });
  /** Tabs to what is called so; what has the focus must show it. */
  const reach = async (name, most = 60) => {
    const seen = [];
    for (let step = 0; step < most; step++) {
      const now = await focused();
      if (now.name === name || (name instanceof RegExp && name.test(now.name))) {
        assert.ok(now.ring, `${now.name} shows the focus`);
        return;
      }
      seen.push(now.name.slice(0, 30));
      await keyboard.press('Tab');
    }
    assert.fail(`${name} is not reached; passed ${seen.join(', ')}`);
  };

  // First run.
  for (let step = 0; step < 4; step++) {
    await reach('Next');
    await keyboard.press('Enter');
    await page.waitForFunction((at) => document.querySelectorAll('.first .steps .done').length === at, step + 1);
  }
  await reach('Send a test');
  await keyboard.press('Enter');
  await page.locator('.first li', { hasText: '200' }).waitFor();
  await reach('Done');
  await keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Home', level: 1 }).waitFor();

  // The palette leads anywhere.
  await keyboard.press('ControlOrMeta+K');
  await page.getByRole('combobox').waitFor();
  await keyboard.type('add account');
  await keyboard.press('Enter');
  const dialog = page.getByRole('dialog');
  await dialog.waitFor();
  await reach(/^Amazon Bedrock/);
  await keyboard.press('Space');
  await dialog.getByLabel('Access key ID').waitFor();
  await reach('Name');
  await keyboard.press('ControlOrMeta+A');
  await keyboard.type('Keys');
  await reach('Access key ID');
  await keyboard.type(ACCESS_KEY.id);
  await reach('Secret access key');
  await keyboard.type(ACCESS_KEY.secret);
  await reach('Advanced');
  await keyboard.press('Enter');
  await reach(/^Endpoint/);
  await keyboard.type(held.emulator.url);
  await keyboard.press('Enter');
  await dialog.getByText(/answered in/).waitFor();
  await keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });

  // A number goes to a screen; the composer takes the words.
  await keyboard.press('ControlOrMeta+3');
  await page.getByRole('form', { name: 'Write a message' }).waitFor();
  await reach('Message…');
  await keyboard.type('typed, not clicked');
  await keyboard.press('Enter');
  await page.locator('article[aria-busy="false"]').getByText('typed, not clicked').waitFor();

  // The log is walked with J and K.
  await keyboard.press('ControlOrMeta+5');
  await page.locator('[role="row"][id^="log-"]').first().waitFor();
  await page.evaluate(() => document.activeElement?.blur());
  await keyboard.press('j');
  await page.locator('[role="row"][aria-selected="true"]').waitFor();
  await keyboard.press('Enter');
  await dialog.getByText('/v1/messages').first().waitFor();
  await keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });
});

/** What Tab must reach where one is: of radio buttons the chosen one or the first, for the others are the arrow keys'
 *  matter. */
function controls() {
  const root = [...document.querySelectorAll('dialog[open]')].at(-1) ?? document;
  const all = root.querySelectorAll('a[href], button:enabled, input:enabled, select:enabled, textarea:enabled, summary, [tabindex="0"]');
  return [...all].filter((node) => {
    if (!node.checkVisibility({ contentVisibilityAuto: true }) || node.closest('[popover]')) return false;
    const group = node.type === 'radio' ? [...root.querySelectorAll(`input[name="${CSS.escape(node.name)}"]`)] : [];
    return group.length === 0 || node === (group.find((radio) => radio.checked) ?? group[0]);
  });
}

const everywhere = stage(async ({ product, emulator }) => {
  everywhere.world = await furnish(product, emulator);
}, MOSTLY_USED);
after(() => everywhere.world?.stop());

everywhere.journey('every control of every screen is reached by Tab, and shows it', async (window, page) => {
  await page.evaluate(`globalThis.controls = ${controls}`);
  await page.evaluate(() => {
    globalThis.reached = new Map();
    addEventListener('focusin', ({ target }) => {
      const shown = [target, target.closest('label'), target.nextElementSibling, target.closest('form'), target.parentElement];
      const drawn = (node) => getComputedStyle(node).outlineStyle !== 'none' || getComputedStyle(node).boxShadow !== 'none';
      globalThis.reached.set(target, shown.some((node) => node && drawn(node)));
    });
  });
  const missed = [];
  for (const [view, open] of Object.entries(LIVED_IN)) {
    await away(page);
    await open({ window, page, t: say('en'), world: everywhere.world });
    await window.settled();
    const many = await page.evaluate(() => {
      globalThis.reached.clear();
      globalThis.wanted = globalThis.controls();
      return globalThis.wanted.length;
    });
    let missing = [];
    // Something may come in while we walk, and makes the round longer: who was not met is looked for once more.
    for (const steps of [many + 8, 2 * many + 8]) {
      for (let step = 0; step < steps; step++) await page.keyboard.press('Tab');
      missing = await page.evaluate((view) => globalThis.wanted.flatMap((node) => {
        const name = node.getAttribute('aria-label') ?? node.labels?.[0]?.textContent.trim() ?? node.textContent.trim().slice(0, 40);
        if (!node.isConnected || globalThis.reached.get(node)) return [];
        return [`${view}: ${node.tagName} "${name}" ${globalThis.reached.has(node) ? 'does not show the focus' : 'is not reached'}`];
      }), view);
      if (missing.length === 0) break;
    }
    missed.push(...missing);
  }
  assert.deepEqual(missed, []);
});
