// Looks at a page: no scripts, its picture at two widths, what axe finds, its order under the Tab key, nothing too wide.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import UPNG from 'upng-js';

const SIZES = { phone: { width: 390, height: 844 }, desktop: { width: 1280, height: 800 } };
const NARROWEST = 320;
const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

export class Looks {
  /** `person`: the tab that the story is played in, without scripts. */
  static async open(folder) {
    const looks = new Looks();
    looks.folder = folder;
    mkdirSync(folder, { recursive: true });
    looks.browser = await chromium.launch({
      executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
      args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking'],
    });
    const context = await looks.browser.newContext({ javaScriptEnabled: false, viewport: SIZES.desktop });
    looks.person = await context.newPage();
    // The test's own browser may run scripts on what the server sent; the page's policy would not let axe in.
    looks.checker = await (await looks.browser.newContext({ bypassCSP: true })).newPage();
    looks.problems = [];
    looks.person.on('request', (request) => {
      if (!request.url().startsWith('http://127.0.0.1:')) looks.problems.push(`asks ${request.url()}`);
    });
    // What the policy of a page has stopped is told here; a status that the story expects is not worth telling.
    looks.person.on('console', (message) => {
      if (!/responded with a status of 4/.test(message.text())) looks.problems.push(`console: ${message.text()}`);
    });
    return looks;
  }

  /** Takes both pictures of what the person sees and checks it. */
  async at(name) {
    for (const [size, viewport] of Object.entries(SIZES)) {
      await this.person.setViewportSize(viewport);
      const picture = await this.person.screenshot({ fullPage: true, caret: 'initial' });
      writeFileSync(join(this.folder, `${name}-${size}.png`), smaller(picture));
    }
    await this.check(name, await this.person.content());
    console.log(`looked at ${name}: ${await this.person.title()}`);
  }

  /** The same page in the dark; only a picture and the contrasts. */
  async inTheDark(name) {
    await this.person.emulateMedia({ colorScheme: 'dark' });
    await this.at(`${name}-dark`);
    await this.person.emulateMedia({ colorScheme: 'light' });
  }

  async check(name, html) {
    const complain = (what) => this.problems.push(`${name}: ${what}`);
    const inline = /<script|<[^>]*\s(on[a-z]+|style)=/i.exec(html);
    if (inline) complain(`script or inline style: ${inline[0]}`);
    const page = this.checker;
    for (const colorScheme of ['light', 'dark']) {
      await page.emulateMedia({ colorScheme });
      for (const viewport of Object.values(SIZES)) {
        await page.setViewportSize(viewport);
        await page.setContent(html);
        // Folds open, so that what is inside is looked at too.
        await page.evaluate(() => document.querySelectorAll('details').forEach((fold) => (fold.open = true)));
        await page.evaluate(axeSource);
        const found = await page.evaluate(() => window.axe.run());
        for (const violation of found.violations) {
          const where = violation.nodes.map((node) => node.html.slice(0, 160)).join(' | ');
          complain(`axe (${colorScheme}, ${viewport.width}): ${violation.id}: ${violation.help}: ${where}`);
        }
      }
    }
    await page.setViewportSize({ width: NARROWEST, height: 600 });
    const width = await page.evaluate(() => document.documentElement.scrollWidth);
    if (width > NARROWEST) complain(`is ${width} wide at ${NARROWEST}`);
    await this.keyboard(page, complain);
  }

  /** Everything that can be used is reached by Tab, in the order of the page, and shows that it is. */
  async keyboard(page, complain) {
    const expected = await page.evaluate(() => {
      const usable = [...document.querySelectorAll('a[href], button, input:not([type=hidden]), summary')];
      const groups = new Set();
      return usable
        .filter((element) => {
          if (element.type !== 'radio') return true;
          const first = !groups.has(element.name);
          groups.add(element.name);
          return first;
        })
        .map((element, i) => (element.dataset.stop = `${i}`));
    });
    await page.evaluate(() => {
      document.activeElement?.blur();
      window.getSelection()?.removeAllRanges();
    });
    // From the very top, also where the page put the focus on a field.
    await page.evaluate(() => document.body.insertAdjacentHTML('afterbegin', '<a href="#" id="before-all">top</a>'));
    await page.focus('#before-all');
    const reached = [];
    for (const _ of expected) {
      await page.keyboard.press('Tab');
      const stop = await page.evaluate(() => {
        const element = document.activeElement;
        const outline = getComputedStyle(element);
        const visible = outline.outlineStyle !== 'none' && parseFloat(outline.outlineWidth) >= 2;
        const group = element.type === 'radio' && document.querySelector(`input[name="${element.name}"]`);
        return { stop: (group || element).dataset.stop, visible, html: element.outerHTML.slice(0, 120) };
      });
      reached.push(stop.stop);
      if (!stop.visible) complain(`no visible focus on ${stop.html}`);
    }
    if (reached.join() !== expected.join()) complain(`Tab goes ${reached} instead of ${expected}`);
  }

  async close() {
    await this.browser.close();
  }
}

/** As few colours as show no difference. */
function smaller(png) {
  const image = UPNG.decode(png);
  return Buffer.from(UPNG.encode(UPNG.toRGBA8(image), image.width, image.height, 64));
}
