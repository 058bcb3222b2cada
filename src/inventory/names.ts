const address = /^(?=.*:.*:)[0-9A-Fa-f:.]{2,45}$/;
const hostName = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,252}$/;
const groupName = /^[A-Za-z0-9_][A-Za-z0-9_. -]{0,252}$/;

/**
 * Whether a host of the inventory may have this name. Names become arguments of ssh, parts of paths and lines on a terminal,
 * so that leading dashes, slashes, control characters and `..` are refused, though Ansible takes them.
 */
export const isHostName = (name: string): boolean => (hostName.test(name) && !name.includes('..')) || address.test(name);

export const isGroupName = (name: string): boolean => groupName.test(name) && !name.includes('..') && !name.startsWith('__');
