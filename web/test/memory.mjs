// A board held open over a busy demo: what it weighs after a minute, and after ten. Nothing may grow but the calls themselves.
//   node test/memory.mjs HOTLINE [MINUTES]
import { chromium } from 'playwright-core';
import { chromiumPath } from './chromium.mjs';
import { signIn, startEngine } from './engine.mjs';

const [hotline, minutes = '10'] = process.argv.slice(2);
/** Calls come and go, and with them their rows: some dozens of kilobytes and nodes are noise. */
const HEAP_NOISE_BYTES = 512 * 1024;
const NODES_NOISE = 500;
const MINUTE_MS = 60_000;

const engine = await startEngine(hotline, [['lead', 'supervisor']]);
const browser = await chromium.launch({ executablePath: chromiumPath(), args: ['--no-sandbox'] });
const context = await browser.newContext({ viewport: { width: 1280, height: 720 } });
await signIn(context, engine.address, 'lead');
const page = await context.newPage();
await page.goto(`${engine.address}/board`);
await page.waitForSelector('.line.up');
const session = await context.newCDPSession(page);
await session.send('HeapProfiler.enable');

async function weigh() {
  // Twice: what the first finds unreachable may have held something else.
  await session.send('HeapProfiler.collectGarbage');
  await session.send('HeapProfiler.collectGarbage');
  const { usedSize } = await session.send('Runtime.getHeapUsage');
  const { nodes, jsEventListeners: listeners } = await session.send('Memory.getDOMCounters');
  return { heap: usedSize, nodes, listeners, rows: await page.locator('.board tr').count() };
}

const weights = [];
for (let minute = 1; minute <= Number(minutes); minute += 1) {
  await page.waitForTimeout(MINUTE_MS);
  weights.push(await weigh());
  const { heap, nodes, listeners, rows } = weights.at(-1);
  console.log(`minute ${minute}: ${(heap / 1024).toFixed(0)} KiB, ${nodes} nodes, ${listeners} listeners, ${rows} rows`);
}
await browser.close();
engine.stop();
const [first, last] = [weights[0], weights.at(-1)];
const grown = last.heap - first.heap > HEAP_NOISE_BYTES || last.nodes - first.nodes > NODES_NOISE;
console.log(grown ? 'the board grows' : 'the board does not grow');
process.exit(grown ? 1 : 0);
