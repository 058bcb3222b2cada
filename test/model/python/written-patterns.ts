/** Texts for every pattern. */
export const texts: readonly string[] = [
  '',
  'a',
  'abc',
  'abc\n',
  'aab bca\nb1\n',
  'first\r\nsecond\u2028third\u0085',
  'é1 à\u00a0Ünï_code ٣ \u{1f600}\u{10400}',
  'Kk sSſ \u212a İıi ß ẞ µμ ﬅﬆ',
  'www.example.org:8080/path?x=1&y=2#z',
  'key = "a \\"quoted\\" value" # comment',
  '\'it\' "is" `so`',
  '192.0.2.17 2001:db8::1 10.0.0.0/8',
  '2024-05-06T07:08:09Z v1.22.333-rc.1',
  '{a} [b] (c) ]x[ -^ a{2} a{,} {}',
  '\tone  two \x1c three\x0bfour',
  'aXbXXc--d, e,,f',
  'abab aa bb abba',
];

/** Each alone, and with `i` and `m`. */
export const patterns: readonly string[] = String.raw`
a|b*|c|^|$|^$|^\w+$|\w+$|\A\w|\w\Z|\s+$|\n$|(?m)^.|(?m).$|(?m)\s*$|(?s)a.*b|a.b|.+|(?s).+
\d+|\D+|\w+|\W+|\s|\S+|\bb|\b\w|\B\w|\B|\b|(?a)\w+|(?a)\W+|(?a)\b\w+\b|(?a)\d|(?a)\s|(?u)\w+|(?a:\w)\w
[]abc]+|[^]abc]+|[]-a]|[a-]|[-a]|[a\-z]|[\]]|[[]|[[a]+|[a&&b]|[a--b]|[^\W_]+|[^\s\w]+|[\d.]+|[\w.-]+|[^\d\n]|[\b]|[\n\t]|[a^]|[\x41-\x43]|[\101]|[\0]|[é-ü]+|[^a-z]+|[$(){}*+?.]+|[\u00e9]|[a-\x7a]+
a{2}|a{,2}|a{1,}|a{,}|a{0}|a{}|a{|a{x}|a{2|a{,|b{1,2}?|a{,1}?|a*?b|a+?|a??b|{a}|x{0,3}X|(?:ab){2}|(?:ab){,2}
(a)(b)|(a|b)*|(?P<x>a)(?P<y>b)|(?P<x>a)(?P=x)|(a)\1|(['"]).*?\1|(a|ab)(c|bcd)?|((a)b)+|(a)|(?:a|b)+|(a*)b|(a*)(b*)|(\w)\1|(a)(?:(b)|c)?|(\w+)\s+(\w+)
(?i)abc|(?i:A)b|(?-i:a)b|(?i)[k-s]+|(?i)ß|(?i)µ|(?i)i+|(?i)[^s]+|(?i)k|(?i)ﬅ|(?ai)k+|(?i)ünï|(?i)[à-ü]+|(?i)\u212a|(?im)^b|(?is)A.*B
(?x) a b|(?x) a # comment|(?x) [a b] \ \#?|(?x)a +b|(?x: a b )c d|(?x)\d+ (?-x: )\w|(?x)(?# c ) a|(?#comment)a|a(?#comment)*
a(?=b)|a(?!b)|(?<=a)b|(?<!a)b|(?<=^)a|(?<=\w\w)\d|(?<!\d)\d|(?=(a))a|(?=a)*b|(?:^)*a|(?<=(a))b|(?<=ab|bc)\w|(?<![\w.])\w+
(?>a*)b|(?>a|ab)c|a*+b|\d++\.|[^"]*+"|a?+b|a{1,2}+a|(?>(a)b)c|x(?>\w+)
^|,|a|,*|$|^|\b|x?|a*|(?:)|(?:|a)|a??|a|(|b)|^|a|(?=a)|\b|\w+|\s*|[,-]+
\061|\x31|\u0031|\U00000031|\0|\07|\a|\f|\v|\.|\-|\_|\#|\ |\"|\/|\@|\%
^(?:www\.)?([^:/]+)(?::(\d+))?(/[^?#]*)?|(\d{1,3}(?:\.\d{1,3}){3})|^([0-9]|1[0-9]{2})\.|v(\d+)\.(\d+)\.(\d+)(?:-(\w+))?|(\d+)-(\d+)-(\d+)T|^\s*(\w+)\s*=\s*"(.*)"|#.*$|\s+#.*|/+$|^.*/|\.[^.]+$|[^a-zA-Z0-9_]+|^[a-z_][a-z0-9_-]*$|((25[0-5]|(2[0-4]|1?[0-9])?[0-9])\.){3}
\y|\z|\G|\k<a>|\8|\400|[\A]|[\8]|(|)|a)|[|[a|[z-a]|[\w-z]|a**|a+*|*a|(*a)|^*|\b+|a{2,1}|a{4294967295}|(?P<1>a)|(?P<a>a)(?P<a>b)|(?P=q)|\1|(a\1)|(?<n>a)|(?P>n)|(?|(?z)|(?<=a+)b|(?<=(a)\1)|a(?i)|(?i|(?ai-u:a)|(?au)a|(?i-i:a)|(?L)a|(?-i)|\x1|\u12|(?#|(?P<a|(?i)(?m)^a|(?a)(?u)a|(?:a
`
  .trim()
  .split('\n')
  // A bar alone stands between patterns of a line; one with something to choose from does too, where that is a pattern.
  .flatMap((line) => [line, ...line.split('|')]);

/** With the patterns that have such groups, and without. */
export const replacements: readonly [pattern: string, replacement: string][] = [
  '',
  '-',
  '\\\\',
  '\\n\\t\\.\\-',
  '$1 $& $$',
  '<\\g<0>>',
  '\\0',
  '\\07',
  '\\101',
  '\\a\\b\\f\\r\\v',
  '\\1',
  '\\2',
  '\\1\\2',
  '\\g<1>0',
  '\\10',
  '\\g<2>',
  '\\g<x>',
  '\\g<x>\\g<y>',
  '\\g<',
  '\\g<>',
  '\\g<a b>',
  '\\g',
  '\\400',
  '\\q',
  '\\',
  '\\z',
  '\\8',
  'é\\1',
  '\\g<1>\\g<1>',
].flatMap((replacement) =>
  ['b', '(a)', '(a)(b)', '(?P<x>a)(?P<y>b)?', '(?P<x>\\w)|(\\W)', 'a*', '(|a)', '^|$', '|a', '\\b', '(a)(?:(b)|c)?'].map(
    (pattern): [string, string] => [pattern, replacement],
  ),
);

/** What Python can do and JavaScript cannot. */
export const refused: readonly [pattern: string, fault: string][] = [
  ['(a)?b(?(1)c|d)', 'the conditional group "(?(...)" is not provided, at character 6'],
  ['(a)?\\1', 'a back-reference to a group that may not have matched is not provided, at character 5'],
  ['(?:(a)|b)\\1', 'a back-reference to a group that may not have matched is not provided, at character 10'],
  ['(a*)+\\1', 'a back-reference to a group in a repetition that may skip it is not provided, at character 6'],
  ['(?:ab)++', 'a possessive repetition is provided for single characters only; write an atomic group "(?>...)", at character 7'],
  ['(?:|a)*b', 'a repetition of what may match nothing where it could match more is not provided, at character 7'],
  ['é\\N{BULLET}', 'the named character "\\N{...}" is not provided, at character 2'],
];
