#!/usr/bin/env python3
"""One look at this machine: units, addresses, disk, swap, age of files.

Reads /etc/timmy-monitoring/looks.json. What is wrong `misses` times in a row becomes an alert: a line in the journal, a file in
/var/lib/timmy-monitoring/alerts and, where a bot token and a chat are set, a message. It is told once, again after
`repeat_hours`, and once more when it is over; a message that was not sent is sent again after the next look. Ends with 0 whatever
it finds; with 78 when its settings are wrong.
"""

import glob
import hashlib
import http.client
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
    argv = ['systemctl', 'is-active', '--', *names]
    try:
        asked = subprocess.run(argv, stdout=subprocess.PIPE, text=True, timeout=TIMEOUT, check=False)
        states = asked.stdout.split()
    except (OSError, subprocess.TimeoutExpired):
        states = []
    if len(states) != len(names):
        states = ['of unknown state: systemd does not answer'] * len(names)
    for name, state in zip(names, states):
        if state != 'active':
            yield f'unit {name}', f'is {state}'


def wrong_urls(urls):
    for url in urls:
        try:
            urllib.request.urlopen(url, timeout=TIMEOUT).close()
        except urllib.error.HTTPError as error:
            if error.code >= 500:
                yield f'url {url}', f'answers {error.code}'
        except (OSError, ValueError, http.client.HTTPException) as error:
            reason = ' '.join(str(getattr(error, 'reason', error)).split())
            yield f'url {url}', f'does not answer: {reason[:200]}'


def times_of(pattern):
    for path in glob.glob(pattern):
        try:
            yield os.path.getmtime(path)
        except OSError:  # it went meanwhile, or is a link that leads nowhere
            continue


def wrong_files(files, now):
    for each in files:
        times = list(times_of(each['glob']))
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
    """Whether it needs not be told again."""
    print(text, flush=True)
    token = SETTINGS / 'telegram.token'
    if not settings['telegram_chat'] or not token.exists():
        return True
    base = os.environ.get('MONITORING_TELEGRAM', 'https://api.telegram.org')
    body = json.dumps({'chat_id': settings['telegram_chat'], 'text': text}).encode()
    headers = {'Content-Type': 'application/json'}
    request = urllib.request.Request(f'{base}/bot{token.read_text().strip()}/sendMessage', body, headers)
    try:
        urllib.request.urlopen(request, timeout=TIMEOUT).close()
    except (OSError, http.client.HTTPException) as error:
        # The address holds the token.
        print(f'the message was not sent: {type(error).__name__} {getattr(error, "code", "")}', flush=True)
        return False
    return True


def note(subject, text):
    """Keeps or removes the file of an alert. A disk that takes none is told by what cannot be kept either."""
    path = STATE / 'alerts' / f'{hashlib.sha256(subject.encode()).hexdigest()[:16]}.alert'
    try:
        if text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f'{subject} {text}\n', encoding='utf-8')
        else:
            path.unlink(missing_ok=True)
    except OSError as error:
        print(f'{path}: {error}', flush=True)


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
            note(subject, what)
            if tell(settings, f'{settings["host"]}: {subject} {what}'):
                entry['told'] = now
        after[subject] = entry
    for subject in before.keys() - found.keys():
        note(subject, '')
        if before[subject]['told'] and not tell(settings, f'{settings["host"]}: {subject} is well again'):
            after[subject] = before[subject]
    return after


def main():
    try:
        settings = json.loads((SETTINGS / 'looks.json').read_text(encoding='utf-8'))
    except (OSError, ValueError) as error:
        print(f'{SETTINGS}/looks.json: {error}', file=sys.stderr)
        return 78
    if '--settings-only' in sys.argv[1:]:
        return 0
    memory = STATE / 'seen.json'
    try:
        before = json.loads(memory.read_text(encoding='utf-8'))
    except (OSError, ValueError):
        before = {}
    after = look(settings, before, time.time())
    staged = memory.with_suffix('.new')
    try:
        STATE.mkdir(parents=True, exist_ok=True)
        staged.write_text(json.dumps(after), encoding='utf-8')
        staged.replace(memory)
    except OSError as error:
        # Without it nothing is ever wrong often enough to be told.
        tell(settings, f'{settings["host"]}: what was seen cannot be kept: {error}')
    return 0


if __name__ == '__main__':
    sys.exit(main())
