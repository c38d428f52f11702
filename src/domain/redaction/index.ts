export { createRedactor, type Redact, type Redactor, redactWith } from './redactor.ts';
export { isHiddenAnywhere } from './secret-forms.ts';
