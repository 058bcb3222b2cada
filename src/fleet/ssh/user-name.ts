/** Whether this can be an account over there: it becomes an argument of `ssh` and a line on a terminal. */
export const isUserName = (name: string): boolean => /^[A-Za-z0-9_][A-Za-z0-9_.@\\+-]{0,127}\$?$/.test(name);
