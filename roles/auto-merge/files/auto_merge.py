#!/usr/bin/env python3
"""One turn: merges open pull requests that a person has labelled and whose checks are all green.

Nothing is merged that changed lately, that is a draft, that has no check at all, or whose head is another commit when it is merged.
"""

import datetime
import json
import os
import pathlib
import sys
import urllib.error
import urllib.request

SETTINGS = pathlib.Path(os.environ.get('AUTO_MERGE_SETTINGS', '/etc/timmy-auto-merge/settings.json'))
TIMEOUT = 30


class Gitea:
    def __init__(self, base, token):
        self.base, self.token = base, token

    def call(self, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f'{self.base}/api/v1{path}', data)
        request.add_header('Authorization', f'token {self.token}')
        request.add_header('Content-Type', 'application/json')
        with urllib.request.urlopen(request, timeout=TIMEOUT) as response:
            text = response.read()
        return json.loads(text) if text else None


def obstacle(settings, pull, status, now):
    """Why it is not merged, or None."""
    labels = {label['name'] for label in pull['labels']}
    if settings['label'] not in labels:
        return f'has no label {settings["label"]}'
    forbidden = labels & set(settings['forbidden_labels'])
    if forbidden:
        return f'has the label {sorted(forbidden)[0]}'
    if pull.get('draft'):
        return 'is a draft'
    if not pull.get('mergeable'):
        return 'has conflicts'
    changed = datetime.datetime.fromisoformat(pull['updated_at'].replace('Z', '+00:00'))
    if now - changed < datetime.timedelta(minutes=settings['quiet_minutes']):
        return f'changed less than {settings["quiet_minutes"]} minutes ago'
    if not status.get('statuses'):
        return 'has no checks'
    if status['state'] != 'success':
        return f'has checks that are {status["state"]}'
    return None


def turn(settings, gitea, now):
    merged = 0
    for repository in settings['repositories']:
        for pull in gitea.call(f'/repos/{repository}/pulls?state=open&sort=oldest&limit=50'):
            if merged >= settings['limit']:
                return merged
            name = f'{repository}#{pull["number"]}'
            head = pull['head']['sha']
            reason = obstacle(settings, pull, gitea.call(f'/repos/{repository}/commits/{head}/status'), now)
            if reason is not None:
                print(f'{name} {reason}')
                continue
            wish = {'Do': 'merge', 'head_commit_id': head, 'delete_branch_after_merge': True}
            gitea.call(f'/repos/{repository}/pulls/{pull["number"]}/merge', wish)
            print(f'{name} is merged')
            merged += 1
    return merged


def main():
    settings = json.loads(SETTINGS.read_text(encoding='utf-8'))
    token = (pathlib.Path(os.environ['CREDENTIALS_DIRECTORY']) / 'token').read_text(encoding='ascii').strip()
    try:
        turn(settings, Gitea(settings['gitea'], token), datetime.datetime.now(datetime.timezone.utc))
    except (urllib.error.URLError, TimeoutError) as error:
        print(f'Gitea: {error}', file=sys.stderr)
        return 1
    return 0


if __name__ == '__main__':
    sys.exit(main())
