import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sha256 } from '../../src/model/json.ts';
import { makeOverlay, makeRepository } from './make-overlay.ts';

let directory: string;
beforeEach(() => void (directory = mkdtempSync(join(tmpdir(), 'overlay-'))));
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const digestsOf = (root: string, paths: readonly string[]) => paths.map((path) => sha256(readFileSync(join(root, path))));

describe('makeOverlay', () => {
  it('makes 646 files of together 15 MB, between 200 B and 200 KB before rounding', () => {
    const paths = makeOverlay(directory, 646);

    const stats = paths.map((path) => statSync(join(directory, path)));
    const total = stats.reduce((sum, { size }) => sum + size, 0);
    expect(new Set(paths).size).toBe(646);
    expect(Math.abs(total / 15_000_000 - 1)).toBeLessThan(0.01);
    expect(Math.max(...stats.map(({ size }) => size))).toBeLessThanOrEqual(200_000);
    expect(Math.min(...stats.map(({ size }) => size))).toBeGreaterThanOrEqual(199);
    expect(stats.filter(({ mode }) => (mode & 0o111) !== 0).length).toBe(65);
  });

  it('makes one file in twenty binary, and no two files the same', () => {
    const paths = makeOverlay(directory, 200);

    expect(paths.filter((path) => readFileSync(join(directory, path)).includes(0))).toHaveLength(10);
    expect(new Set(digestsOf(directory, paths)).size).toBe(200);
  });

  it('makes the same bytes for the same seed and others for another', () => {
    const [first, second, other] = [1, 1, 2].map((seed, index) => {
      const root = join(directory, String(index));
      return digestsOf(root, makeOverlay(root, 40, seed));
    });

    expect(second).toEqual(first);
    expect(other).not.toEqual(first);
  });
});

describe('makeRepository', () => {
  it('names the overlay in site.yaml and the host in the inventory', () => {
    makeRepository(directory, 8);

    expect(readFileSync(join(directory, 'desired-state/site.yaml'), 'utf8')).toContain('kind: tree');
    expect(readFileSync(join(directory, 'inventory/hosts.yml'), 'utf8')).toContain('bench:');
    expect(statSync(join(directory, 'desired-state/files/overlay')).isDirectory()).toBe(true);
  });
});
