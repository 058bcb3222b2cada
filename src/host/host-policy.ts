import { interpreted } from '../model/check-value.ts';
import { hostPolicyDocument, type HostPolicyDocument } from '../model/host-policy-document.ts';
import type { WithProblems } from '../model/located.ts';
import type { Problem } from '../model/problem.ts';
import { checkDocument } from '../source/check-document.ts';
import { readYaml } from '../source/yaml.ts';
import { hostPolicyFile, readHostPolicyFile, type HostPolicyPlace } from './host-policy-file.ts';

interface HostPolicy extends WithProblems {
  /** Where it was looked for. */
  readonly file: string;
  /** What the file says; everything is allowed without a file, and nothing when the file has a problem. */
  readonly policy: HostPolicyDocument;
}

/** Reads and checks the host policy. One with a problem, or one that others could have written, allows nothing. */
export function loadHostPolicy(place: HostPolicyPlace = {}): HostPolicy {
  const file = hostPolicyFile(place);
  const isRequired = Boolean((place.env ?? process.env)['RECONCILE_HOST_POLICY']);
  const read = readHostPolicyFile(place);
  if (read === undefined) {
    const message = `${file}, which RECONCILE_HOST_POLICY names, does not exist`;
    return isRequired
      ? refused(file, [{ code: 'missing-file', message }])
      : { file, policy: hostPolicyDocument.parse({}, interpreted), problems: [] };
  }
  if (!Buffer.isBuffer(read)) return refused(file, [read]);
  const { loaded, problems } = readYaml(file, read);
  if (!loaded || problems.length > 0) return refused(file, problems);
  const checked = checkDocument(hostPolicyDocument, loaded);
  if (checked.value && checked.problems.length === 0) return { file, policy: checked.value, problems: [] };
  return refused(file, checked.problems);
}

const refused = (file: string, problems: readonly Problem[]): HostPolicy => ({
  file,
  policy: hostPolicyDocument.parse({
    paths: { allow: [], deny: ['/**'] },
    commands: { allow: [] },
    packages: { allow: [] },
    fetch: { hosts: [] },
    provider_hosts: [],
  }),
  problems,
});
