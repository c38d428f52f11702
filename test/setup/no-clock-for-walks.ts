import { expect, vi } from 'vitest';

// walks over the statecharts wait for nothing: on a busy host they take longer, and that is no fault
if (/\/test\/(machines|model)\//.test(expect.getState().testPath ?? '')) vi.setConfig({ testTimeout: 0 });
