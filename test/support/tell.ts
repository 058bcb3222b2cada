import type { News, Reporter } from '../../src/model/reporter.ts';

/** Tells a reporter and delivers, as the agent does. The answer is what went wrong. */
export function tell(reporter: Reporter, news: News, signal: AbortSignal): Promise<{ readonly problem?: string }> {
  reporter.note(news);
  return deliver(reporter, signal);
}

/** Delivers what the reporter keeps. */
export async function deliver({ recipients }: Reporter, signal: AbortSignal): Promise<{ readonly problem?: string }> {
  const answers = await Promise.all(recipients.map((recipient) => recipient.deliver(signal)));
  const problems = answers.flatMap(({ problem }) => problem ?? []);
  return problems.length === 0 ? {} : { problem: problems.join('; ') };
}
