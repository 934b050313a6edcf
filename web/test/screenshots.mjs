// Pictures of every page, light and dark, Russian and English, at 1280×720, and what axe finds on each.
//   node test/screenshots.mjs HOTLINE FOLDER [PAGE…]      ADDRESS=http://… asks a running engine (or `npm run dev`) instead
import { mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { chromium } from 'playwright-core';
import { chromiumPath } from './chromium.mjs';
import { signIn, startEngine } from './engine.mjs';

const [hotline, folder, ...only] = process.argv.slice(2);
const USERS = [['101', 'operator'], ['lead', 'supervisor'], ['chief', 'admin']];
/** Name of the picture, who looks, where, and what he has opened. */
const PAGES = [
  ['sign-in', null, '/'],
  ['desk', '101', '/desk'],
  ['board', 'lead', '/board'],
  ['board-wall', 'lead', '/board?wall'],
  ['board-formula', 'lead', '/board', async (page) => page.locator('.queue-table .link').last().click()],
  ['board-act', 'lead', '/board', async (page) => {
    await page.locator('.callers summary').first().click();
    await page.locator('.callers .menu[open] .list button').last().click();
  }],
  ['calls', 'lead', '/calls'],
  ['call', 'lead', '/calls', async (page) => page.locator('tbody a').first().click()],
  ['tickets', 'lead', '/tickets'],
  ['ticket', 'lead', '/tickets', async (page) => page.locator('tbody a').first().click()],
  ['board-menus', 'lead', '/board', async (page) => page.locator('.xray').scrollIntoViewIfNeeded()],
  ['admin-flow', 'chief', '/admin/flows/qiwi-hotline'],
  ...['flows', 'prompts', 'users', 'tokens', 'subscribers', 'config', 'audit', 'webhooks', 'rules'].map((name) => [`admin-${name}`, 'chief', `/admin/${name}`]),
].filter(([name]) => only.length === 0 || only.includes(name));
const SETTLES_MS = 900;
/** Robots have called by then: there is something to see. */
const WARM_MS = 45_000;
const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

mkdirSync(folder, { recursive: true });
const engine = process.env.ADDRESS ? { address: process.env.ADDRESS, stop: () => {} } : await startEngine(hotline, USERS);
const browser = await chromium.launch({
  executablePath: chromiumPath(), args: ['--no-sandbox', '--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'],
});
if (!process.env.ADDRESS) {
  await furnish(engine, browser);
  await new Promise((resolve) => setTimeout(resolve, WARM_MS));
}
let findings = 0;
for (const user of new Set(PAGES.map(([, user]) => user))) {
  for (const theme of (process.env.THEMES ?? 'light,dark').split(',')) {
    for (const language of (process.env.LANGUAGES ?? 'ru,en').split(',')) {
      const context = await browser.newContext({
        viewport: { width: 1280, height: 720 }, colorScheme: theme, locale: language === 'ru' ? 'ru-RU' : 'en-GB', permissions: ['microphone'], bypassCSP: true,
      });
      context.setDefaultTimeout(5000);
      if (user) await signIn(context, engine.address, user);
      for (const [name, , path, open] of PAGES.filter(([, whose]) => whose === user)) {
        const page = await context.newPage();
        const picture = `${name}-${theme}-${language}`;
        page.on('pageerror', (error) => { findings += 1; console.log(`${picture}: ${error.message}`); });
        await page.goto(engine.address + path);
        await page.waitForTimeout(SETTLES_MS);
        if (open) {
          await open(page).catch((error) => console.log(`${picture}: ${error.message.split('\n')[0]}`));
          await page.waitForTimeout(SETTLES_MS);
        }
        await page.screenshot({ path: `${folder}/${picture}.png` });
        await page.addScriptTag({ path: AXE });
        const { violations } = await page.evaluate((tags) => globalThis.axe.run(document, { runOnly: tags }), TAGS);
        for (const { id, help, nodes } of violations) {
          findings += nodes.length;
          console.log(`${picture}: ${id}: ${help}: ${nodes.slice(0, 3).map(({ target, any }) => `${target} ${any[0]?.message ?? ''}`).join('; ')}`);
        }
        await page.close();
      }
      await context.close();
    }
  }
}
await browser.close();
engine.stop();

console.log(`${PAGES.length * 4} pictures in ${folder}; findings: ${findings}`);
process.exit(findings ? 1 : 0);

/** What a house has after a day: a ticket, a message, a token, a rule, a webhook, somebody in the directory. */
async function furnish({ address, call }, browser) {
  call('79035550101', 'w1,1,w1,2,w1,1000000002,hash,w6,1,w2');
  call('79035550102', 'w2,3,w2,2,w5,hash,w2');
  const context = await browser.newContext();
  await signIn(context, address, 'chief');
  const ask = async (method, path, data) => {
    const answer = await context.request.fetch(`${address}/api/v1/${path}`, { method, data, headers: { Origin: address } });
    if (!answer.ok()) console.log(`${method} ${path}: ${answer.status()} ${await answer.text()}`);
  };
  await ask('POST', 'tokens', { name: 'crm', role: 'api', scopes: ['calls:read'] });
  await ask('PUT', 'subscribers/79035550103', { class: 'priority' });
  await ask('PUT', 'caller-rules/7495*', { action: 'reject', until: null, reason: 'robots that sell' });
  await ask('POST', 'webhooks', { url: 'https://crm.example.org/hotline', events: ['call.ended', 'ticket.created'] });
  await ask('POST', 'users', { name: 'viewer', role: 'viewer' });
  await context.close();
}
