/** Names of staged files. No consumer's glob matches them, and recovery finds them by it. */
export const stagedName = /^\.agent-[0-9a-f]{16}$/;
