/** Whether a name that people wrote leads to a file inside of a directory: relative, plain, without climbing. */
export const isRelativeName = (name: string): boolean =>
  name.length <= 1024 &&
  !/[\0\r\n\\]/.test(name) &&
  name.split('/').every((part) => part !== '' && part !== '.' && part !== '..');
