/** Thrown by every call of Gitea's API that did not do what it should. Holds no token. */
export class GiteaError extends Error {
  /** HTTP status; undefined when there was no answer, or none that could be read. */
  readonly status: number | undefined;

  constructor(message: string, status?: number) {
    super(message);
    this.status = status;
  }

  /** Gitea understood and said no to just this: the same request would be refused again, others may not be. */
  get isRefusal(): boolean {
    const { status = 0 } = this;
    return status >= 400 && status < 500 && ![401, 403, 408, 425, 429].includes(status);
  }

  /** Nothing else would get through now either. */
  get isOutage(): boolean {
    return this.status === undefined || this.status === 401 || this.status === 429 || this.status >= 500;
  }
}
