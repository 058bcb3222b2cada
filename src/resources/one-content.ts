interface Given {
  readonly ensure: 'present' | 'absent';
  readonly content?: unknown;
  readonly source?: string | undefined;
  readonly template?: string | undefined;
}

/** Of a spec whose file has one of three contents: a problem where it is to be there with none of them, or with more. */
export function requireOneContent(
  value: Given,
  context: { addIssue(issue: { readonly code: 'custom'; readonly message: string }): void },
): void {
  const given = (['content', 'source', 'template'] as const).filter((name) => value[name] !== undefined);
  if (value.ensure === 'present' && given.length !== 1)
    context.addIssue({
      code: 'custom',
      message: `exactly one of content, source, template is needed, found ${given.join(' and ') || 'none'}`,
    });
}
