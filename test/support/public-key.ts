/** A key of the form that sshd takes; the same number gives the same key. Nobody has the private half. */
export function makePublicKey(number: number, comment = `key-${number}`): string {
  const type = Buffer.from('ssh-ed25519');
  const field = (bytes: Buffer): Buffer => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    return Buffer.concat([length, bytes]);
  };
  const blob = Buffer.concat([field(type), field(Buffer.alloc(32, number))]).toString('base64');
  return `ssh-ed25519 ${blob} ${comment}`.trim();
}
