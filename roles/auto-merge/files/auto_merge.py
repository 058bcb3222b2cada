#!/usr/bin/env python3
"""One turn: merges open pull requests that a person has labelled and whose checks are all green.

Nothing is merged that changed lately, that is a draft, that has no check at all, or whose head is another commit when it is merged.
"""

import datetime
import http.client
import json
import os
import pathlib
import sys
import urllib.request

SETTINGS = pathlib.Path(os.environ.get('AUTO_MERGE_SETTINGS', '/etc/timmy-auto-merge/settings.json'))
TIMEOUT = 30
PAGES = 200
FAILURES = (OSError, ValueError, http.client.HTTPException)


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

    def pages(self, path, listed=lambda page: page):
        """All of a list, whatever a page holds."""
        joint = '&' if '?' in path else '?'
        for page in range(1, PAGES + 1):
            items = listed(self.call(f'{path}{joint}page={page}'))
            if not items:
                return
            yield from items


def obstacle(settings, pull, checks, now):
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
    seen = False
    for check in checks():
        if check['status'] not in ('success', 'skipped'):
            return f'has the check {check["context"]}, which is {check["status"]}'
        seen = True
    return None if seen else 'has no checks'


def merge(settings, gitea, repository, pull, now):
    """Why it was not merged, or None."""
    head = pull['head']['sha']
    path = f'/repos/{repository}/commits/{head}/status'
    reason = obstacle(settings, pull, lambda: gitea.pages(path, lambda page: page['statuses']), now)
    if reason is None:
        wish = {'Do': 'merge', 'head_commit_id': head, 'delete_branch_after_merge': True}
        gitea.call(f'/repos/{repository}/pulls/{pull["number"]}/merge', wish)
    return reason


def turn(settings, gitea, now):
    """Whether Gitea answered all that it was asked. What it refuses of one pull request keeps no other from being merged."""
    merged, well = 0, True
    for repository in settings['repositories']:
        try:
            pulls = list(gitea.pages(f'/repos/{repository}/pulls?state=open&sort=oldest&limit=50'))
        except FAILURES as error:
            print(f'{repository}: {error}', file=sys.stderr)
            well = False
            continue
        for pull in pulls:
            if merged >= settings['limit']:
                return well
            name = f'{repository}#{pull["number"]}'
            try:
                reason = merge(settings, gitea, repository, pull, now)
            except FAILURES as error:
                print(f'{name}: {error}', file=sys.stderr)
                well = False
                continue
            print(f'{name} {reason or "is merged"}')
            merged += reason is None
    return well


def main():
    settings = json.loads(SETTINGS.read_text(encoding='utf-8'))
    token = (pathlib.Path(os.environ['CREDENTIALS_DIRECTORY']) / 'token').read_text(encoding='ascii').strip()
    well = turn(settings, Gitea(settings['gitea'], token), datetime.datetime.now(datetime.timezone.utc))
    return 0 if well else 1


if __name__ == '__main__':
    sys.exit(main())
