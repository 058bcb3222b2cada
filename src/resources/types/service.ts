import type { ContentRef } from '../../model/catalog.ts';
import { milliseconds } from '../../model/duration.ts';
import { defineResourceType, type AttributesOf, type PrepareContext, type Vocabulary } from '../resource-type.ts';
import { toPlist } from '../units/launchd-plist.ts';
import type { UnitDesired } from '../units/unit-desired.ts';
import { placeOf, unitAttributes, unitKind, unitName, withoutSecret } from '../units/unit-kind.ts';
import { canBeEnabled, installOf } from '../units/unit-links.ts';
import { isTemplate, plistName, unitId, withSuffix, type UnitPlace } from '../units/unit-place.ts';
import { endsByItself, readUnit, unitFaults, type UnitText } from '../units/unit-text.ts';

const spec = (words: Vocabulary) => {
  const { z, secretText, duration } = words;
  return z
    .strictObject({
      name: unitName(words).meta({
        description:
          'Name of the unit; ".service" unless it has another suffix. An alias (sshd of ssh) is neither enabled, masked nor absent.',
      }),
      unit: secretText
        .optional()
        .meta({ description: 'The text of the unit file, a template. Without it an existing unit is managed.' }),
      unit_template: z
        .string()
        .optional()
        .meta({ description: "A template under the role's templates/, else desired-state/templates/." }),
      drop_ins: z
        .record(
          z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/, 'expected a name without ".conf"'),
          z.union([secretText, z.strictObject({ template: z.string() })]),
        )
        .default({})
        .meta({ description: 'Text, or a template, of NAME.conf beside the unit; other drop-ins stay.' }),
      manager: z.enum(['systemd', 'launchd']).default('systemd').meta({
        description: 'launchd: the unit is translated into a property list for macOS; the name is its label.',
      }),
      refresh: z.enum(['restart', 'reload', 'none']).default('restart').meta({
        description:
          'What the running unit does when a resource that notifies it changes. Changes of its own files restart it, unless none. A oneshot that runs is left to end.',
      }),
      settle: duration
        .default('2s')
        .meta({ description: 'How long it must stay up after a start or restart, or the run is taken back.' }),
      ...unitAttributes(words),
    })
    .superRefine((value, context) => {
      const issue = (message: string): unknown => context.addIssue({ code: 'custom', message });
      const hasUnit = value.unit !== undefined || value.unit_template !== undefined;
      if (value.unit !== undefined && value.unit_template !== undefined)
        issue('exactly one of unit, unit_template is needed, found both');
      if (value.masked === true && (hasUnit || value.enabled === true || value.state === 'started'))
        issue('a masked unit has no unit file of its own, is not enabled and does not run');
      const systemdOnly = [...Object.keys(value.drop_ins), ...(value.masked === undefined ? [] : ['masked'])];
      if (value.manager === 'launchd' && systemdOnly.length > 0) issue('launchd knows neither drop-ins nor masked units');
      if (value.home !== undefined && value.user === undefined) issue('"home" goes with "user"');
    });
};
type Attributes = AttributesOf<typeof spec>;

/** A unit of systemd: what it is, whether it starts at boot, and whether it runs. */
export const service = defineResourceType({
  ...unitKind('service', 'service'),
  kind: 'service',
  summary: 'A systemd unit: its file and drop-ins, whether it is enabled, masked and running. Existing units are adopted.',
  spec,
  identify: (attributes: Attributes) => unitId(placeOf(withSuffix(attributes.name), attributes), 'service'),

  prepare(attributes: Attributes, context): UnitDesired | undefined {
    if (attributes.manager === 'launchd') return prepareJob(attributes, context);
    const name = withSuffix(attributes.name);
    const { ensure, enabled, state, masked, refresh } = attributes;
    if (name.endsWith('.timer')) {
      context.problem('name', 'a timer is its own kind', 'write "kind: timer"');
      return undefined;
    }
    if (isTemplate(name) && (enabled !== undefined || state !== undefined))
      context.problem('name', `${name} is a template, which cannot be enabled or started itself`, 'name an instance of it');
    const isPresent = ensure === 'present';
    const unit = isPresent ? unitOf(attributes, context) : undefined;
    if (unit === 'problem') return undefined;
    const text = unit && readUnit(context.read(unit).toString('utf8'));
    const dropIns = isPresent ? dropInsOf(attributes, context) : {};
    const installDropIns = installTexts(dropIns, context);
    if (text) judgeText(name, attributes, text, Object.values(installDropIns), context);
    return {
      ...placeOf(name, attributes),
      ensure,
      ...(unit && { unit }),
      ...(text && { install: installOf(text) }),
      ...(text && /\.(path|automount)$/.test(name) && { starts: [startedBy(name, text, attributes)] }),
      dropIns,
      ...(Object.keys(installDropIns).length > 0 && { installDropIns }),
      ...(isPresent && enabled !== undefined && { enabled }),
      ...(isPresent && state !== undefined && { state }),
      ...(isPresent && masked !== undefined && { masked }),
      refresh,
      settle: milliseconds(attributes.settle),
      timeout: milliseconds(attributes.timeout),
      accounts: text && attributes.user === undefined ? accountsOf(text) : [],
    };
  },
});

/** The same as a job of launchd. */
function prepareJob(attributes: Attributes, context: PrepareContext): UnitDesired | undefined {
  const label = unitId({ name: attributes.name }, 'service');
  const { ensure, enabled = false, state, user, home, refresh } = attributes;
  const common = {
    ...(user === undefined ? {} : { user, home: home ?? (user === 'root' ? '/var/root' : `/Users/${user}`) }),
    name: plistName(label),
    manager: 'launchd' as const,
    ensure,
    dropIns: {},
    refresh,
    settle: 0,
    timeout: milliseconds(attributes.timeout),
    accounts: [],
  };
  if (ensure === 'absent') return common;
  const unit = unitOf(attributes, context);
  if (unit === undefined) context.problem('unit', 'a launchd job needs its unit: others cannot be adopted');
  if (unit === undefined || unit === 'problem') return undefined;
  const { text, faults } = toPlist(label, readUnit(context.read(unit).toString('utf8')), enabled);
  for (const fault of faults) context.problem(attributes.unit === undefined ? 'unit_template' : 'unit', fault);
  return { ...common, unit: context.text(text), ...(state !== undefined && { state }) };
}

function unitOf({ unit, unit_template: template }: Attributes, context: PrepareContext): ContentRef | 'problem' | undefined {
  if (unit === undefined && template === undefined) return undefined;
  const [attribute, content] =
    template === undefined
      ? (['unit', context.text(unit as string)] as const)
      : (['unit_template', context.template(template, 'unit_template')] as const);
  return withoutSecret(content, attribute, context) ?? 'problem';
}

function dropInsOf({ drop_ins: dropIns }: Attributes, context: PrepareContext): Readonly<Record<string, ContentRef>> {
  const made: Record<string, ContentRef> = {};
  for (const [name, given] of Object.entries(dropIns)) {
    const attribute = `drop_ins.${name}`;
    const { template } = given as { readonly template?: string };
    const content = template === undefined ? context.text(given as string) : context.template(template, attribute);
    const plain = withoutSecret(content, attribute, context);
    if (!plain) continue;
    for (const fault of readUnit(context.read(plain).toString('utf8')).faults) context.problem(attribute, fault);
    made[name] = plain;
  }
  return made;
}

/** Those that say when it is started at boot. */
const installTexts = (dropIns: Readonly<Record<string, ContentRef>>, context: PrepareContext): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(dropIns)
      .map(([name, content]) => [name, context.read(content).toString('utf8')] as const)
      .filter(([, text]) => readUnit(text).sections.has('Install')),
  );

function judgeText(
  name: string,
  { enabled, state, unit }: Attributes,
  text: UnitText,
  installDropIns: readonly string[],
  context: PrepareContext,
): void {
  const attribute = unit === undefined ? 'unit_template' : 'unit';
  for (const fault of unitFaults(name, text)) context.problem(attribute, fault);
  const installs = [text, ...installDropIns.map(readUnit)].map(installOf);
  if (enabled === true && !installs.some(canBeEnabled))
    context.problem('enabled', `${name} has no [Install] section that says when it is started`, 'add WantedBy=multi-user.target');
  if (state === 'started' && endsByItself(text))
    context.problem(
      'state',
      `${name} is a oneshot, which ends by itself and is never found started`,
      'set RemainAfterExit=yes, or start it by a timer',
    );
}

/** What a path or an automount starts when something comes. A socket is started before what it starts. */
const startedBy = (name: string, text: UnitText, attributes: Attributes): UnitPlace =>
  placeOf(text.value('Path', 'Unit') ?? name.replace(/path$/, 'service').replace(/automount$/, 'mount'), attributes);

/** Whom it runs as, so that they are made first. Specifiers and dynamic users name nobody. */
function accountsOf(text: UnitText): readonly string[] {
  const named = (key: string): string | undefined => {
    const value = text.value('Service', key);
    return value !== undefined && /^[A-Za-z_][A-Za-z0-9_.-]*$/.test(value) ? value : undefined;
  };
  if (text.value('Service', 'DynamicUser') === 'yes') return [];
  const [user, group] = [named('User'), named('Group')];
  return [...(user === undefined ? [] : [`user[${user}]`]), ...(group === undefined ? [] : [`group[${group}]`])];
}
