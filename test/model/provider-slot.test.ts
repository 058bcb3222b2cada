import { expect, it } from 'vitest';
import { isLocalSlot } from '../../src/model/provider-slot.ts';

it.each<[boolean, string, string | undefined]>([
  [true, 'ollama', 'http://localhost:11434/v1'],
  [true, 'custom', 'http://127.0.0.1:8000/v1'],
  [true, 'vllm', 'http://[::1]:8000/v1'],
  [true, 'lmstudio', undefined],
  [false, 'lmstudio', 'http://192.0.2.7:1234/v1'],
  [false, 'ollama', undefined],
  [false, 'ollama', 'http://127.0.0.1.example/v1'],
  [false, 'ollama-cloud', 'http://localhost:11434/v1'],
  [false, 'kimi-coding', undefined],
])('local is %s for %s at %s', (expected, provider, url) => {
  expect(isLocalSlot({ provider, ...(url !== undefined && { base_url: url }) })).toBe(expected);
});
