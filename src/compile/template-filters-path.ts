import { createHash } from 'node:crypto';
import { posix } from 'node:path';
import { type Filter, onText, required, type Tools } from './template-call.ts';
import { TemplateFailure } from './template-failure.ts';
import { stripText } from './template-string-methods.ts';
import { stringOf } from './template-text.ts';
import { itemsOf, membersOf, type Value } from './template-value.ts';

function percent(text: string): string {
  if (!text.isWellFormed()) throw new TemplateFailure('urlencode: the text has half a character');
  return encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
}

const inQuery = (value: Value, tools: Tools): string => percent(stringOf(value, tools)).replaceAll('%20', '+');

/** Of `urlsplit`: as RFC 3986 divides a URL (appendix B), and Python what stands for the host. */
function partsOf(url: string): { readonly [part: string]: Value } {
  const [, scheme = '', netloc = '', path = '', query = '', fragment = ''] =
    /^(?:([A-Za-z][\w+.-]*):)?(?:\/\/([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?$/s.exec(url) ?? [];
  const at = netloc.lastIndexOf('@');
  const [user, ...password] = at < 0 ? [] : netloc.slice(0, at).split(':');
  const [, name = '', port = ''] = /^(\[[^\]]*\]|[^:]*):?(.*)$/s.exec(netloc.slice(at + 1)) ?? [];
  if (!/^\d{0,5}$/.test(port) || Number(port) > 65_535)
    throw new TemplateFailure('urlsplit: the port is no number from 0 to 65535');
  return {
    fragment,
    hostname: name.replace(/^\[|\]$/g, '').toLowerCase() || null,
    netloc,
    password: password.length === 0 ? null : password.join(':'),
    path,
    port: port === '' ? null : Number(port),
    query,
    scheme: scheme.toLowerCase(),
    username: user ?? null,
  };
}

const ansibleNamespace = '361E6D51-FAEC-444A-9079-341386DA8E2E';

/** RFC 9562, version 5. */
function uuidOf(name: string, namespace: string): string {
  const hex = namespace.replace(/^urn:uuid:|^\{|\}$|-/g, '');
  if (!/^[\da-f]{32}$/i.test(hex)) throw new TemplateFailure('to_uuid: the namespace is no UUID');
  const digest = createHash('sha1').update(Buffer.from(hex, 'hex')).update(name).digest();
  digest[6] = (digest[6]! & 0x0f) | 0x50;
  digest[8] = (digest[8]! & 0x3f) | 0x80;
  return digest.toString('hex', 0, 16).replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

/** Filters for paths, addresses and names that are made of texts. */
export const pathFilters: { readonly [name: string]: Filter } = {
  basename: onText((text) => text.slice(text.lastIndexOf('/') + 1)),
  dirname: onText(
    (text) => stripText(text.slice(0, text.lastIndexOf('/') + 1), '/', 'end', noMeter) || (text.startsWith('/') ? '/' : ''),
  ),
  splitext: onText((text) => {
    const dot = text.lastIndexOf('.');
    const isExtension = dot > text.lastIndexOf('/') + 1;
    return isExtension ? [text.slice(0, dot), text.slice(dot)] : [text, ''];
  }),
  path_join: {
    params: [],
    run(input, _given, tools) {
      const parts = Array.isArray(input) ? input.map((part) => stringOf(part, tools)) : [stringOf(input, tools)];
      if (parts.length === 0) throw new TemplateFailure('path_join: expected at least one part');
      return parts.reduce((path, part) =>
        part.startsWith('/') ? part : path === '' || path.endsWith('/') ? path + part : `${path}/${part}`,
      );
    },
  },
  relpath: {
    params: ['start'],
    run(input, [start], tools) {
      const [path, from] = [stringOf(input, tools), stringOf(required(start, 'start'), tools)];
      const isOpen = (each: string): boolean => !each.startsWith('/');
      if (isOpen(path) || isOpen(from)) throw new TemplateFailure('relpath: both paths begin with /');
      return posix.relative(from, path) || '.';
    },
  },
  urlencode: {
    params: [],
    run(input, _given, tools) {
      const members = membersOf(input, tools);
      if (members === undefined && !Array.isArray(input)) return percent(stringOf(input, tools)).replaceAll('%2F', '/');
      const pairs = members === undefined ? (input as Value[]).map((pair) => itemsOf(pair, tools)) : Object.entries(members);
      return pairs.map(([key, value]) => `${inQuery(key, tools)}=${inQuery(value, tools)}`).join('&');
    },
  },
  urldecode: {
    params: [],
    run(input, _given, tools) {
      const text = stringOf(input, tools).replaceAll('+', ' ');
      try {
        return decodeURIComponent(text.replace(/%(?![0-9A-Fa-f]{2})/g, '%25'));
      } catch {
        throw new TemplateFailure('urldecode: what is decoded is not UTF-8');
      }
    },
  },
  urlsplit: {
    params: ['query'],
    run(input, [part], tools) {
      const parts = partsOf(stringOf(input, tools));
      if (part === undefined || part === '') return parts;
      const name = stringOf(part, tools);
      if (!Object.hasOwn(parts, name))
        throw new TemplateFailure(`urlsplit: no part "${name}"; known: ${Object.keys(parts).join(', ')}`);
      return parts[name];
    },
  },
  to_uuid: {
    params: ['namespace'],
    run: (input, [namespace = ansibleNamespace], tools) => uuidOf(stringOf(input, tools), stringOf(namespace, tools)),
  },
};

/** For steps whose text is no longer than their input, which was counted already. */
const noMeter = { spend: () => undefined, reveal: () => '', open: () => ({}), isPublic: () => true };
