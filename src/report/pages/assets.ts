/** Renews the page as things happen; without it the page shows what was so when it was asked for. */
export const script = `'use strict';
const live = document.getElementById('live');
const events = new EventSource('events');
let renewing = false;
let isStale = false;

async function renew() {
  isStale = true;
  if (renewing) return;
  renewing = true;
  while (isStale) {
    isStale = false;
    await replaceMain().catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  renewing = false;
}

async function replaceMain() {
  const answer = await fetch('.');
  if (!answer.ok) return;
  const next = new DOMParser().parseFromString(await answer.text(), 'text/html');
  document.title = next.title;
  document.querySelector('main').replaceWith(next.querySelector('main'));
}

events.addEventListener('open', () => { live.textContent = 'Live'; });
events.addEventListener('error', () => {
  const isOver = events.readyState === EventSource.CLOSED;
  live.textContent = isOver ? 'Not live: load the page again' : 'The connection is lost; trying again';
});
events.addEventListener('applying', ({ data }) => {
  const { address, done, total } = JSON.parse(data);
  live.textContent = 'Applying ' + done + ' of ' + total + ': ' + address;
});
events.addEventListener('verifying', () => { live.textContent = 'Verifying'; });
events.addEventListener('rolling-back', ({ data }) => { live.textContent = 'Rolling back: ' + JSON.parse(data).reason; });
events.addEventListener('status', renew);
events.addEventListener('finished', () => {
  live.textContent = 'Live';
  renew();
});
`;

export const styles = `:root { color-scheme: light dark; --line: #8884; --good: #1a7f37; --waiting: #9a6700; --bad: #cf222e; --info: #0a6c74; --dim: #66707a; }
@media (prefers-color-scheme: dark) {
  :root { --good: #3fb950; --waiting: #d29922; --bad: #ff7b72; --info: #56d4dd; --dim: #9198a1; }
}
body { font: 15px/1.5 system-ui, sans-serif; max-width: 75rem; margin: 0 auto; padding: 1rem; overflow-wrap: anywhere; }
h1 { font-size: 1.5rem; }
h2 { font-size: 1.15rem; }
.phase, .host, footer, #live, .dim { color: var(--dim); font-weight: normal; }
#live { float: right; margin: 0; min-height: 1.5em; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .3rem .8rem .3rem 0; border-bottom: 1px solid var(--line); }
.standing th, .troubles th { width: 7rem; font-weight: normal; color: var(--dim); }
.troubles { border-left: 4px solid var(--waiting); margin-bottom: 1rem; }
.troubles th { color: var(--waiting); padding-left: .6rem; font-weight: bold; }
.runs td:not(:last-child) { white-space: nowrap; }
.badge { border: 1px solid; border-radius: 1rem; padding: 0 .6rem; white-space: nowrap; }
.good, .green { color: var(--good); }
.waiting, .yellow { color: var(--waiting); }
.bad, .red { color: var(--bad); }
.cyan { color: var(--info); }
.magenta { color: #a371f7; }
.bold { font-weight: bold; }
pre, summary { font: 13px/1.45 ui-monospace, monospace; white-space: pre-wrap; }
details { border-bottom: 1px solid var(--line); padding: .3rem 0; }
summary { cursor: pointer; }
@media (max-width: 45rem) {
  #live { float: none; }
  .runs thead { display: none; }
  .runs td { display: inline-block; border: 0; padding: 0 .6rem 0 0; }
  .runs tr { display: block; padding: .4rem 0; border-bottom: 1px solid var(--line); }
}
`;
