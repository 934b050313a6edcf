// Where the browser is: Debian's name for it, and others'. CHROMIUM names another one.
import { existsSync } from 'node:fs';

const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome', '/snap/bin/chromium'];

export function chromiumPath() {
  const found = [process.env.CHROMIUM, ...PLACES].find((place) => place && existsSync(place));
  if (!found) throw new Error('no Chromium here: scripts/need-tools installs it on Debian, or name one in CHROMIUM');
  return found;
}
