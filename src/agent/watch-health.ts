import type { AgentPort, AgentStatus } from '../model/agent.ts';
import type { ReportedCheck } from '../model/report.ts';

interface HealthWatchOptions {
  readonly port: Pick<AgentPort, 'status' | 'subscribe'>;
  /** Asks the health checks of what stands on the host; undefined where that says nothing now. */
  ask(signal: AbortSignal): Promise<readonly ReportedCheck[] | undefined>;
  /** Hears what they said. */
  asked(health: readonly ReportedCheck[]): void;
  problem(message: string): void;
}

/**
 * After each poll asks how what stands on the host is doing, beside whatever comes next, until `signal` ends. A run that begins to
 * change something ends that: what it finds in the middle says nothing, and the run asks by itself. A host that is suspended, or that waits
 * for a confirmation, is left alone until it is not.
 */
export function watchHealth({ port, ask, asked, problem }: HealthWatchOptions, signal: AbortSignal): void {
  let polls = pollsOf(port.status());
  let asking: AbortController | undefined;
  const begin = async (): Promise<void> => {
    const cut = new AbortController();
    asking = cut;
    try {
      const health = await ask(AbortSignal.any([signal, cut.signal]));
      if (health && !signal.aborted && !cut.signal.aborted) asked(health);
    } catch (error) {
      if (!signal.aborted && !cut.signal.aborted) problem(`the health checks cannot be asked: ${(error as Error).message}`);
    } finally {
      asking = undefined;
    }
  };
  const end = port.subscribe((event) => {
    if (event.type === 'applying') {
      asking?.abort();
      polls = pollsOf(port.status());
    }
    if (event.type !== 'status' || asking) return;
    const { status } = event;
    const { phase, suspended, unconfirmed } = status;
    if (phase !== 'idle' || suspended || unconfirmed || pollsOf(status) === polls) return;
    polls = pollsOf(status);
    void begin();
  });
  signal.addEventListener('abort', end, { once: true });
}

const pollsOf = ({ passes }: AgentStatus): number => passes.interval ?? 0;
