import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Report } from '../../../src/model/report.ts';
import { stepWith } from '../../report/report-fixture.ts';
import { aReport } from '../../support/agent-port.ts';
import { openBrowser, whyNoBrowser } from '../../support/browser.ts';
import { openRig, token, type DoorRig } from '../../support/door-rig.ts';
import { exchange, statusesOf } from '../../support/raw-client.ts';

const diff = '--- a/etc/motd\n+++ b/etc/motd\n@@ -1 +1 @@\n-old\n+new\n';
const hostile = `"'><script>window.wasHere = true</script><img src=x onerror="window.wasHere = true">\u202e\x1b[31m`;
const authorization = (password: string): string => `Basic ${Buffer.from(`anybody:${password}`).toString('base64')}`;
const basic = (password: string): RequestInit => ({ headers: { authorization: authorization(password) } });

describe('who may see the dashboard', () => {
  it.each(['/', '/plan', '/runs/x', '/dashboard.js', '/dashboard.css'])('%s needs the token, as a password', async (path) => {
    await using rig = await openRig();
    const statuses = [];
    for (const given of ['', 'x', token.slice(0, -1), `${token}x`])
      statuses.push((await fetch(rig.url + path, basic(given))).status);

    const asked = await fetch(rig.url + path);

    expect(new Set([...statuses, asked.status])).toEqual(new Set([401]));
    expect(asked.headers.get('www-authenticate')).toBe('Bearer, Basic realm="reconcile", charset="UTF-8"');
    expect((await fetch(rig.url + path, basic(token))).status).toBe(path === '/runs/x' ? 404 : 200);
    expect((await rig.get(path, token)).status).toBe(path === '/runs/x' ? 404 : 200);
  });

  it('only those who guess are told of in the log', async () => {
    await using rig = await openRig();

    await fetch(rig.url);
    const before = rig.logged.length;
    await fetch(rig.url, basic('guess'));

    expect([before, rig.logged.length]).toEqual([0, 1]);
    expect(JSON.stringify(rig.logged)).not.toContain('guess"');
  });

  it.each(['cross-site', 'same-site'])('a page that is %s gets nothing by a browser that knows the token', async (site) => {
    await using rig = await openRig();
    const statuses = [];
    // Node's fetch sets these headers itself.
    for (const mode of ['no-cors', 'cors', 'navigate']) {
      const headers = [`authorization: ${authorization(token)}`, `sec-fetch-site: ${site}`, `sec-fetch-mode: ${mode}`];
      const head = ['GET /api/v1/status HTTP/1.1', 'host: 127.0.0.1', 'connection: close', ...headers];
      statuses.push(...statusesOf(await exchange(rig.number, `${head.join('\r\n')}\r\n\r\n`)));
    }

    expect(statuses).toEqual([403, 403, 200]);
  });

  it('is told how to switch it on where there is no token', async () => {
    await using rig = await openRig({ api_token_file: undefined });

    const answer = await fetch(rig.url, basic(token));

    expect(answer.status).toBe(403);
    expect(await answer.text()).toContain('agent.api_token_file');
  });
});

describe.skipIf(whyNoBrowser !== undefined)(`the dashboard in a browser${whyNoBrowser ? ` (${whyNoBrowser})` : ''}`, () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await openBrowser();
  }, 60_000);
  afterAll(() => browser?.close());

  /** A page of that rig by somebody who has the token, with everything the browser complained about. */
  async function visit(
    rig: DoorRig,
    path: string,
    options: BrowserContextOptions = {},
  ): Promise<Page & { complaints: string[] }> {
    const context = await browser.newContext({ httpCredentials: { username: 'ada', password: token }, ...options });
    const page = await context.newPage();
    const complaints: string[] = [];
    page.on('console', (message) => complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(error.message));
    await page.goto(rig.url + path);
    return Object.assign(page, { complaints });
  }
  const report = (change: Partial<Report>): Report =>
    aReport({ steps: [stepWith({ diffs: [{ path: '/etc/motd', text: diff }] })], ...change });

  it('shows the host and its runs, and goes on as things happen, without being loaded again', async () => {
    await using rig = await openRig();
    const page = await visit(rig, '/');
    await page.getByText('Live', { exact: true }).waitFor();
    await page.evaluate('window.isSame = true');
    expect(await page.locator('h1').textContent()).toBe('allegro idle');
    expect(await page.locator('.runs tbody tr').count()).toBe(1);

    rig.port.emit({ type: 'applying', run: 'r', address: 'file[/etc/motd]', done: 1, total: 2 });
    await page.getByText('Applying 1 of 2: file[/etc/motd]').waitFor();
    rig.port.set({ suspended: { reason: 'rack', by: 'ada', until: '2026-11-20T13:00:00.000Z' } });
    await page.getByText('until 2026-11-20 13:00:00Z by ada: rack').waitFor();

    expect(await page.evaluate('window.isSame')).toBe(true);
    expect(page.complaints).toEqual([]);
  });

  it('leads to a run with its diff, and back', async () => {
    await using rig = await openRig();
    rig.port.report = () => report({ outcome: 'rolledBack', summary: 'taken back' });
    const page = await visit(rig, '/');

    await page.locator('.runs a').click();
    await page.getByRole('heading', { name: 'Run 20261120T120000Z-aaaa' }).waitFor();

    expect(await page.locator('.badge.bad').textContent()).toBe('rolled back');
    expect(await page.locator('details .green').textContent()).toBe('+new');
    expect(await page.locator('details .red').textContent()).toBe('-old');
    await page.getByText('Back to the host').click();
    await page.getByText('Live', { exact: true }).waitFor();
    expect(page.complaints).toEqual([]);
  });

  it('shows what a run would do now', async () => {
    await using rig = await openRig();
    rig.port.check = () => Promise.resolve(report({ action: 'check', outcome: 'upstreamPending', summary: '1 change pending' }));
    const page = await visit(rig, '/');

    await page.getByText('What a run would do now').click();
    await page.getByRole('heading', { name: 'What a run would do' }).waitFor();

    expect(await page.locator('.badge.waiting').textContent()).toBe('check upstream pending');
    expect(await page.locator('details summary').textContent()).toContain('~ file[/etc/motd]  upstream: git changed it');
  });

  it('shows hostile names and contents as the text they are', async () => {
    await using rig = await openRig();
    const step = stepWith({
      address: `file[${hostile}]`,
      reason: hostile,
      diffs: [{ path: hostile, text: `${diff}+${hostile}\n` }],
    });
    rig.port.report = () => report({ run: hostile, summary: hostile, steps: [step] });
    rig.port.summaries = () => [report({ run: '../x"y', summary: hostile })];
    const page = await visit(rig, '/');
    rig.port.set({ stalled: hostile, host: hostile });
    await page.getByText('stalled').waitFor();
    const shown = [await page.content()];
    await page.locator('.runs a').click();
    await page.getByText('Back to the host').waitFor();
    shown.push(await page.content());

    expect(await page.evaluate('window.wasHere')).toBeUndefined();
    expect(page.complaints).toEqual([]);
    for (const text of shown) {
      expect(text).toContain('&lt;script&gt;');
      expect(text).toContain('\\u{202e}\\e[31m');
      expect(text).not.toContain('\u202e');
    }
  });

  it('says that it is not live any more, and is again when the agent is back', async () => {
    await using rig = await openRig();
    const page = await visit(rig, '/');
    await page.getByText('Live', { exact: true }).waitFor();

    await rig.close();

    await page.getByText('The connection is lost; trying again').waitFor();
    await using next = await openRig({ listen: { port: rig.number } });
    next.port.set({ stalled: 'said by the next one' });
    await page.getByText('said by the next one').waitFor();
    await page.getByText('Live', { exact: true }).waitFor();
  });

  it('can be read without scripts', async () => {
    await using rig = await openRig();
    const page = await visit(rig, '/', { javaScriptEnabled: false });

    await page.locator('.runs a').click();

    expect(await page.locator('h1').textContent()).toContain('Run 20261120T120000Z-aaaa');
  });

  it('fits a telephone', async () => {
    await using rig = await openRig();
    rig.port.report = () => report({ summary: 'x'.repeat(400) });
    const page = await visit(rig, '/', { viewport: { width: 360, height: 640 } });
    const isWider = 'document.documentElement.scrollWidth > document.documentElement.clientWidth';
    const found = [await page.evaluate(isWider)];
    await page.locator('.runs a').click();
    await page.getByText('Back to the host').waitFor();
    // The text is there before the style sheet is, and without it nothing is wrapped.
    await page.waitForLoadState();
    found.push(await page.evaluate(isWider));

    expect(found).toEqual([false, false]);
  });
});
