#!/usr/bin/env python3
"""strfry asks for every event, one JSON object a line, whether it may be stored: only those of /etc/strfry/allowed_keys."""

import json
import os
import sys

KEYS = os.environ.get('ALLOWED_KEYS', '/etc/strfry/allowed_keys')


def allowed():
    with open(KEYS, encoding='ascii') as file:
        return {line.strip() for line in file if line.strip()}


def main():
    for line in sys.stdin:
        request = json.loads(line)
        if request.get('type') != 'new':
            continue
        event = request['event']
        answer = {'id': event['id'], 'action': 'accept', 'msg': ''}
        if event.get('pubkey') not in allowed():
            answer.update(action='reject', msg='blocked: this relay takes events of its own fleet only')
        print(json.dumps(answer), flush=True)


if __name__ == '__main__':
    main()
