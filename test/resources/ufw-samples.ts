/** Files of ufw 0.36.2 on Debian 12, as its package brings them. */
export const pristine = {
  '/etc/ufw/ufw.conf': '# /etc/ufw/ufw.conf\n#\n\nENABLED=no\n\nLOGLEVEL=low\n',
  '/etc/default/ufw':
    'IPV6=yes\n\nDEFAULT_INPUT_POLICY="DROP"\n\nDEFAULT_OUTPUT_POLICY="ACCEPT"\nDEFAULT_FORWARD_POLICY="DROP"\n',
  '/etc/ufw/user.rules': `*filter
:ufw-user-input - [0:0]
:ufw-user-output - [0:0]
:ufw-user-forward - [0:0]
:ufw-user-limit - [0:0]
:ufw-user-limit-accept - [0:0]
### RULES ###
-A ufw-user-limit -m limit --limit 3/minute -j LOG --log-prefix "[UFW LIMIT BLOCK] "
-A ufw-user-limit -j REJECT
-A ufw-user-limit-accept -j ACCEPT
COMMIT
`,
  '/etc/ufw/user6.rules': `*filter
:ufw6-user-input - [0:0]
:ufw6-user-output - [0:0]
:ufw6-user-forward - [0:0]
### RULES ###
COMMIT
`,
} as const;

export const rules = [
  { port: 22, proto: 'tcp' },
  { port: 53 },
  { action: 'deny', port: '8000:8100', proto: 'tcp' },
  { action: 'limit', port: 2222, proto: 'tcp' },
  { from: '10.0.0.0/8' },
  { port: 5432, proto: 'tcp', from: '192.0.2.7' },
  { port: 80, proto: 'tcp', interface: 'wg0' },
  { port: 443, proto: 'tcp', from: '2001:db8::/32' },
  { action: 'reject', port: 25, proto: 'tcp' },
  { action: 'reject', port: 161, proto: 'udp' },
  { port: '70:80', proto: 'udp' },
  { interface: 'wg0' },
] as const;

/** What makes the same rules by hand. */
export const commands = [
  'allow proto tcp from any to any port 22',
  'allow 53',
  'deny proto tcp to any port 8000:8100',
  'limit 2222/tcp',
  'allow from 10.0.0.0/8',
  'allow proto tcp from 192.0.2.7 to any port 5432',
  'allow in on wg0 to any port 80 proto tcp',
  'allow proto tcp from 2001:db8::/32 to any port 443',
  'reject 25/tcp',
  'reject 161/udp',
  'allow 70:80/udp',
  'allow in on wg0',
] as const;
