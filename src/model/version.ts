/** Set by the build: from package.json, and a digest of the sources. */
declare const __VERSION__: string | undefined;
declare const __BUILD__: string | undefined;

export const version: string = typeof __VERSION__ === 'string' ? __VERSION__ : '0.0.0-source';

/** Other for other sources, also of the same version: what another build has made of a configuration is not trusted. */
export const buildId: string = typeof __BUILD__ === 'string' ? __BUILD__ : 'source';
