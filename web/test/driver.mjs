// A browser that is told what to do, line by line, and answers line by line: the hands of the tests in `tests/it/pages.rs`.
//   node test/driver.mjs ADDRESS MICROPHONE.wav
// A line is JSON, {"do": …}; its answer {"ok": …} or {"error": "…"}.
import { createInterface } from 'node:readline';
import { buildSync } from 'esbuild';
import { chromium } from 'playwright-core';
import { chromiumPath } from './chromium.mjs';

const [address, microphone] = process.argv.slice(2);
const PATIENCE_MS = 20_000;

const browser = await chromium.launch({
  executablePath: chromiumPath(),
  args: [
    '--no-sandbox', '--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream', '--autoplay-policy=no-user-gesture-required',
    // A name that no browser trusts by itself, as it trusts localhost.
    '--host-resolver-rules=MAP *.hotline.test 127.0.0.1',
    ...(microphone ? [`--use-file-for-fake-audio-capture=${microphone}`] : []),
  ],
});
// Code comes over the browser's own channel, past the policy that holds for the page's.
const context = await browser.newContext({ viewport: { width: 1280, height: 720 }, locale: 'en-GB', permissions: ['microphone'], ignoreHTTPSErrors: true });
context.setDefaultTimeout(PATIENCE_MS);
await context.addInitScript(watch);
const page = await context.newPage();
const faults = [];
page.on('pageerror', (error) => faults.push(error.message));

/** Runs in the page before its own code: a tone needs no cleaning, and what sounds and what is connected can be asked for. */
function watch() {
  const open = navigator.mediaDevices?.getUserMedia.bind(navigator.mediaDevices);
  if (open) navigator.mediaDevices.getUserMedia = () => open({ audio: { echoCancellation: false, noiseSuppression: false, autoGainControl: false } });
  const Connection = window.RTCPeerConnection;
  window.RTCPeerConnection = class extends Connection {
    constructor(...all) {
      super(...all);
      window.connection = this;
      this.addEventListener('track', ({ track }) => { window.heard = new MediaStream([track]); });
    }
  };
  /** How far a tone stands above the rest of what is heard, in dB. */
  window.tone = async (hertz) => {
    if (!window.heard) return null;
    const sound = (window.ear ??= new AudioContext());
    await sound.resume();
    const analyser = sound.createAnalyser();
    analyser.fftSize = 4096;
    const source = sound.createMediaStreamSource(window.heard);
    source.connect(analyser);
    await new Promise((resolve) => setTimeout(resolve, 400));
    const levels = new Float32Array(analyser.frequencyBinCount);
    analyser.getFloatFrequencyData(levels);
    source.disconnect();
    const bin = sound.sampleRate / analyser.fftSize;
    const near = (_, at) => Math.abs(at * bin - hertz) < 3 * bin;
    const peak = Math.max(...levels.filter(near));
    const rest = Math.max(...levels.filter((_, at) => at * bin > 200 && at * bin < 3400 && Math.abs(at * bin - hertz) > 12 * bin));
    return peak - rest;
  };
  window.counted = async () => {
    const found = { lost: 0, received: 0, sent: 0 };
    for (const report of (await window.connection.getStats()).values()) {
      if (report.type === 'inbound-rtp') { found.lost += report.packetsLost; found.received += report.packetsReceived; }
      if (report.type === 'outbound-rtp') found.sent += report.packetsSent;
    }
    return found;
  };
}

const acts = {
  goto: ({ path }) => page.goto(address + path).then(() => null),
  reload: () => page.reload().then(() => null),
  fill: ({ at, text }) => page.fill(at, text),
  click: ({ at }) => page.locator(at).first().click(),
  choose: ({ at, value }) => page.selectOption(at, value),
  press: ({ key }) => page.keyboard.press(key),
  /** Until it is there, with these words in it where some are given. */
  see: ({ at, text }) => page.locator(at, text ? { hasText: text } : {}).first().waitFor().then(() => null),
  gone: ({ at }) => page.locator(at).first().waitFor({ state: 'detached' }).then(() => null),
  text: ({ at }) => page.locator(at).first().innerText(),
  /** Until it is truthy. */
  until: async ({ code }) => {
    for (const end = Date.now() + PATIENCE_MS; ;) {
      const found = await page.evaluate(code);
      if (found) return found;
      if (Date.now() > end) throw new Error(`never came: ${code}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  },
  run: ({ code }) => page.evaluate(code),
  /** Without a network, and with one again: for everything but what already flows by UDP. */
  network: ({ on }) => context.setOffline(!on).then(() => null),
  /** From a key's press to sound both ways, in ms: what came first from there, what went first from here. */
  answer_took: async ({ key }) => {
    await page.evaluate(() => {
      window.pressed = null;
      addEventListener('keydown', () => { window.pressed = performance.now(); }, { once: true, capture: true });
    });
    await page.keyboard.press(key);
    return page.evaluate(async () => {
      const done = { heard: null, spoke: null };
      for (;;) {
        if (window.connection) {
          const counted = await window.counted();
          done.heard ??= counted.received > 0 ? performance.now() - window.pressed : null;
          done.spoke ??= counted.sent > 0 ? performance.now() - window.pressed : null;
        }
        if (done.heard !== null && done.spoke !== null) return done;
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    });
  },
  faults: async () => faults,
  /** A page of somebody else's: JsSIP as it is published, and nothing of ours. */
  jssip: async () => {
    const { outputFiles } = buildSync({ stdin: { contents: "window.JsSIP = require('jssip')", resolveDir: process.cwd() }, bundle: true, write: false, format: 'iife', define: { global: 'window' } });
    await page.evaluate(outputFiles[0].text);
    return null;
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const asked = JSON.parse(line);
  let answer;
  try {
    answer = { ok: (await acts[asked.do](asked)) ?? null };
  } catch (error) {
    const seen = await page.locator('body').innerText().catch(() => '');
    answer = { error: `${asked.do}: ${error.message}\nfaults: ${faults.join('; ')}\non the page: ${seen.slice(0, 1500)}` };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
await browser.close();
process.exit(0);
