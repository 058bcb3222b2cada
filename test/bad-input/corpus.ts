import type { BadCase } from './bad-case.ts';
import { encodingCases } from './encoding-cases.ts';
import { graphCases } from './graph-cases.ts';
import { inventoryCases } from './inventory-cases.ts';
import { kindCases } from './kind-cases.ts';
import { policyCases } from './policy-cases.ts';
import { resourceDocumentCases } from './resource-cases.ts';
import { roleDocumentCases } from './role-cases.ts';
import { siteCases } from './site-cases.ts';
import { templateCases } from './template-cases.ts';
import { yamlCases } from './yaml-cases.ts';

/** Every bad input that we know of. A new one is a row in the file of its area. */
export const corpus: readonly BadCase[] = [
  ...yamlCases,
  ...encodingCases,
  ...siteCases,
  ...roleDocumentCases,
  ...policyCases,
  ...inventoryCases,
  ...resourceDocumentCases,
  ...kindCases,
  ...templateCases,
  ...graphCases,
];
