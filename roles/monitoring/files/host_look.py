#!/usr/bin/env python3
"""One look at this machine: units, addresses, disk, swap, age of files.

Reads /etc/timmy-monitoring/looks.json. What is wrong `misses` times in a row becomes an alert: a line in the journal, a file in
/var/lib/timmy-monitoring/alerts and, where a bot token and a chat are set, a message. It is told once, again after
`repeat_hours`, and once more when it is over. Ends with 0 whatever it finds; with 78 when its settings are wrong.
"""

import glob
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request

SETTINGS = pathlib.Path(os.environ.get('MONITORING_SETTINGS', '/etc/timmy-monitoring'))
STATE = pathlib.Path(os.environ.get('STATE_DIRECTORY', '/var/lib/timmy-monitoring'))
TIMEOUT = 10


def wrong_units(names):
    if not names:
        return
    asked = subprocess.run(['systemctl', 'is-active', '--', *names], capture_output=True, text=True, timeout=TIMEOUT, check=False)
    for name, state in zip(names, asked.stdout.split()):
        if state != 'active':
            yield f'unit {name}', f'is {state}'


def wrong_urls(urls):
    for url in urls:
        try:
            urllib.request.urlopen(url, timeout=TIMEOUT).close()
        except urllib.error.HTTPError as error:
            if error.code >= 500:
                yield f'url {url}', f'answers {error.code}'
        except OSError as error:
            yield f'url {url}', f'does not answer: {getattr(error, "reason", error)}'


def wrong_files(files, now):
    for each in files:
        times = [os.path.getmtime(path) for path in glob.glob(each['glob'])]
        if not times:
            yield f'file {each["glob"]}', 'does not exist'
        elif now - max(times) > each['hours'] * 3600:
            yield f'file {each["glob"]}', f'is older than {each["hours"]} hours'


def wrong_machine(settings):
    usage = shutil.disk_usage('/')
    free = 100 * usage.free // usage.total
    if free < settings['min_disk_free_percent']:
        yield 'disk', f'{free} % of / are free'
    lines = pathlib.Path('/proc/meminfo').read_text(encoding='ascii').splitlines()
    memory = {name: int(value.split()[0]) for name, value in (line.split(':', 1) for line in lines)}
    total = memory.get('SwapTotal', 0)
    used = 100 * (total - memory.get('SwapFree', 0)) // total if total else 0
    if used > settings['max_swap_used_percent']:
        yield 'swap', f'{used} % of the swap are used'


def tell(settings, text):
    print(text, flush=True)
    token = SETTINGS / 'telegram.token'
    if not settings['telegram_chat'] or not token.exists():
        return
    base = os.environ.get('MONITORING_TELEGRAM', 'https://api.telegram.org')
    body = json.dumps({'chat_id': settings['telegram_chat'], 'text': text}).encode()
    headers = {'Content-Type': 'application/json'}
    request = urllib.request.Request(f'{base}/bot{token.read_text().strip()}/sendMessage', body, headers)
    try:
        urllib.request.urlopen(request, timeout=TIMEOUT).close()
    except OSError as error:
        # The address holds the token.
        print(f'the message was not sent: {type(error).__name__} {getattr(error, "code", "")}', flush=True)


def alert_file(subject):
    return STATE / 'alerts' / f'{hashlib.sha256(subject.encode()).hexdigest()[:16]}.alert'


def look(settings, before, now):
    found = {}
    for group in (
        wrong_units(settings['units']),
        wrong_urls(settings['urls']),
        wrong_files(settings['files'], now),
        wrong_machine(settings),
    ):
        found.update(group)
    after = {}
    for subject, what in found.items():
        entry = before.get(subject, {'misses': 0, 'told': 0})
        entry['misses'] += 1
        if entry['misses'] >= settings['misses'] and now - entry['told'] >= settings['repeat_hours'] * 3600:
            tell(settings, f'{settings["host"]}: {subject} {what}')
            alert_file(subject).write_text(f'{subject} {what}\n', encoding='utf-8')
            entry['told'] = now
        after[subject] = entry
    for subject, entry in before.items():
        if subject not in found and entry['told']:
            tell(settings, f'{settings["host"]}: {subject} is well again')
            alert_file(subject).unlink(missing_ok=True)
    return after


def main():
    try:
        settings = json.loads((SETTINGS / 'looks.json').read_text(encoding='utf-8'))
    except (OSError, ValueError) as error:
        print(f'{SETTINGS}/looks.json: {error}', file=sys.stderr)
        return 78
    if '--settings-only' in sys.argv[1:]:
        return 0
    (STATE / 'alerts').mkdir(parents=True, exist_ok=True)
    memory = STATE / 'seen.json'
    try:
        before = json.loads(memory.read_text(encoding='utf-8'))
    except (OSError, ValueError):
        before = {}
    after = look(settings, before, time.time())
    staged = memory.with_suffix('.new')
    staged.write_text(json.dumps(after), encoding='utf-8')
    staged.replace(memory)
    return 0


if __name__ == '__main__':
    sys.exit(main())
