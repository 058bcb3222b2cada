import { milliseconds } from '../../model/duration.ts';
import { defineResourceType, type AttributesOf, type Vocabulary } from '../resource-type.ts';
import type { UnitDesired } from '../units/unit-desired.ts';
import { isCalendar } from '../units/calendar.ts';
import { placeOf, unitAttributes, unitKind, unitName } from '../units/unit-kind.ts';
import { templateOf, unitId, withSuffix, type UnitPlace } from '../units/unit-place.ts';

const expected = 'expected a calendar expression such as "hourly" or "Mon..Fri 02:00"';

const spec = (words: Vocabulary) => {
  const { z, duration } = words;
  const calendar = z
    .string()
    .regex(/^[A-Za-z0-9*.,:/~ _+-]{1,200}$/, expected)
    .refine(isCalendar, expected);
  return z
    .strictObject({
      name: unitName(words).meta({ description: 'Name of the timer, without ".timer".' }),
      starts: unitName(words).optional().meta({ description: 'The unit that it starts; NAME.service unless told.' }),
      schedule: z
        .union([calendar, z.array(calendar).min(1).max(50)])
        .optional()
        .meta({ description: 'When, as OnCalendar= takes it: "daily", "*-*-* 02:00:00", or a list. Not cron syntax.' }),
      every: duration.optional().meta({ description: 'How long after its last start it is started again.' }),
      after_boot: duration.optional().meta({ description: 'How long after boot it is started first; as "every" unless told.' }),
      persistent: z.boolean().default(false).meta({ description: 'Catch up on a time of "schedule" that the host was off at.' }),
      accuracy: duration.default('1m').meta({ description: 'How late it may be, so that wake-ups can be shared.' }),
      random_delay: duration.optional().meta({ description: 'Up to this much later, differently each time.' }),
      description: z
        .string()
        .max(200)
        .regex(/^[^\r\n\0]*$/, 'expected one line')
        .optional(),
      ...unitAttributes(words),
    })
    .superRefine((value, context) => {
      const issue = (message: string): unknown => context.addIssue({ code: 'custom', message });
      const isTimed = value.schedule !== undefined || value.every !== undefined;
      if (!isTimed && (value.starts ?? value.after_boot ?? value.random_delay ?? value.description) !== undefined)
        issue('schedule or every is needed; without both an existing timer is managed as it is');
      if (value.persistent && value.schedule === undefined) issue('"persistent" goes with "schedule"');
      if (value.masked === true && (isTimed || value.enabled === true || value.state === 'started'))
        issue('a masked timer has no unit file of its own, is not enabled and does not run');
      if (value.home !== undefined && value.user === undefined) issue('"home" goes with "user"');
    });
};
type Attributes = AttributesOf<typeof spec>;

const install = { wantedBy: ['timers.target'], requiredBy: [], aliases: [], also: [] } as const;

/** When systemd starts a unit by itself. */
export const timer = defineResourceType({
  ...unitKind('timer', 'timer'),
  kind: 'timer',
  summary: 'A systemd timer, made from a schedule, or an existing one that is enabled, disabled, started or stopped.',
  spec,
  identify: (attributes: Attributes) => unitId(placeOf(timerName(attributes), attributes), 'timer'),

  prepare(attributes: Attributes, context): UnitDesired {
    const { ensure, masked, schedule, every } = attributes;
    const isPresent = ensure === 'present';
    const isOwn = isPresent && (schedule !== undefined || every !== undefined);
    const enabled = attributes.enabled ?? (isOwn ? true : undefined);
    const state = attributes.state ?? (isOwn ? 'started' : undefined);
    return {
      ...placeOf(timerName(attributes), attributes),
      ensure,
      ...(isOwn && { unit: context.text(timerText(attributes)), install, starts: startedBy(attributes) }),
      dropIns: {},
      ...(isPresent && enabled !== undefined && { enabled }),
      ...(isPresent && state !== undefined && { state }),
      ...(isPresent && masked !== undefined && { masked }),
      refresh: 'restart',
      settle: 0,
      timeout: milliseconds(attributes.timeout),
      accounts: [],
    };
  },
});

const timerName = ({ name }: Attributes): string => (name.endsWith('.timer') ? name : `${name}.timer`);

const startedName = (attributes: Attributes): string =>
  withSuffix(attributes.starts ?? timerName(attributes).slice(0, -'.timer'.length));

/** An instance and its template. */
function startedBy(attributes: Attributes): readonly UnitPlace[] {
  const name = startedName(attributes);
  const template = templateOf(name);
  return [name, ...(template === undefined ? [] : [template])].map((each) => placeOf(each, attributes));
}

function timerText(attributes: Attributes): string {
  const { schedule = [], every, after_boot: afterBoot, persistent, accuracy, random_delay: delay, description } = attributes;
  const unit = startedName(attributes);
  const boot = afterBoot ?? every;
  return [
    '# Managed by reconcile.',
    '[Unit]',
    `Description=${(description ?? `Starts ${unit}`).replaceAll('%', '%%')}`,
    '',
    '[Timer]',
    ...[schedule].flat().map((time) => `OnCalendar=${time}`),
    ...(boot === undefined ? [] : [`OnBootSec=${boot}`]),
    ...(every === undefined ? [] : [`OnUnitActiveSec=${every}`]),
    ...(persistent ? ['Persistent=true'] : []),
    `AccuracySec=${accuracy}`,
    ...(delay === undefined ? [] : [`RandomizedDelaySec=${delay}`]),
    `Unit=${unit}`,
    '',
    '[Install]',
    'WantedBy=timers.target',
    '',
  ].join('\n');
}
