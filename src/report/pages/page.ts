import { html } from './html.ts';

interface Page {
  readonly title: string;
  /** From there to where the dashboard is: it may stand behind a proxy, below a path. */
  readonly home: './' | '../';
  /** Renewed in place as things happen. */
  readonly isLive?: true;
  readonly main: ReturnType<typeof html>;
}

/** A whole document. */
export function page({ title, home, isLive, main }: Page): string {
  const { markup } = html`<html lang="en">
    <head>
      <meta charset="utf-8" />
      <meta name="viewport" content="width=device-width, initial-scale=1" />
      <title>${title}</title>
      <link rel="stylesheet" href="${home}dashboard.css" />
      ${isLive ? html`<script src="${home}dashboard.js" defer></script>` : ''}
    </head>
    <body>
      ${isLive ? html`<p id="live" role="status"></p>` : html`<nav><a href="${home}">Back to the host</a></nav>`} ${main}
    </body>
  </html> `;
  return `<!doctype html>\n${markup}`;
}
