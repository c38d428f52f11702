import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PlistFault } from '../../src/formats/plist/limits.ts';
import { readXmlPlist } from '../../src/formats/plist/read-xml.ts';
import { readXml, XmlFault } from '../../src/formats/xml/tree.ts';

describe('a tree of elements', () => {
  test('is read with attributes, entities and nested elements', () => {
    const root = readXml(
      '<?xml version="1.0"?><!-- c --><a x="1 &lt; 2"><b>t&#233;xt</b><b/>tail<![CDATA[<>]]><?pi?></a>\n',
    );
    expect(root).toMatchObject({ name: 'a', text: 'tail<>', children: [{ text: 'téxt' }, { text: '' }] });
    expect(root.attributes.get('x')).toBe('1 < 2');
  });

  test.each([
    '',
    '<a>',
    '<a></b>',
    '<a/><b/>',
    '<a>&own;</a>',
    '<a>&#xd800;</a>',
    '<a',
    '</a>',
    '<a x=1/>',
    '<a x="1" x="2"/>',
    'text<a/>',
    '<a/>text',
    '<!DOCTYPE a><!DOCTYPE a><a/>',
    '<!DOCTYPE a [<!ENTITY b "c">]><a/>',
    '<a><!-- </a>',
  ])('refuses %j', (text) => {
    expect(() => readXml(text)).toThrow(XmlFault);
  });

  test.each([
    ['in any number', '&lt;&#97;'.repeat(10_001), '<a'.repeat(10_001)],
    ['between texts', `x${'y&amp;z'.repeat(5000)}w`, `x${'y&z'.repeat(5000)}w`],
    ['at the start and at the end', '&quot;\u{1f600}&apos;', '"\u{1f600}\''],
    ['with semicolons that end none', ';a;&gt;;', ';a;>;'],
  ])('entities are decoded %s', (_, written, text) => {
    expect(readXml(`<a>${written}</a>`).text).toBe(text);
  });

  test.each([
    ['&own;', '&own;'],
    ['&amp;&own', '&own'],
    ['& lt;', '& lt;'],
    ['&&amp;', '&'],
    ['&;', '&;'],
    ['&#x000000000041;', '&#x0000000000'],
    [`&${'a'.repeat(1_000_000)};`, '&aaaaaaaaaaaa'],
  ])('what is no entity of XML is named: %.20s', (written, named) => {
    expect(() => readXml(`<a>${written}</a>`)).toThrow(`"${named}" is not an entity of XML`);
  });

  test('is bounded in depth and in parts', () => {
    const nested = (levels: number) => '<a>'.repeat(levels) + '</a>'.repeat(levels);
    expect(readXml(nested(64)).name).toBe('a');
    expect(() => readXml(nested(65))).toThrow(/nested more than 64/);
    expect(() => readXml(nested(1_000_000))).toThrow(/nested more than 64/);
    expect(() => readXml(`<a>${'<b/>'.repeat(100_000)}</a>`)).toThrow(/more than 100000 elements/);
  });
});

/** What may stand in a string of a property list, sound or not. */
const fragment = fc.constantFrom(
  'text',
  ' ',
  '&amp;',
  '&#x41;',
  '&#xd800;',
  '&own;',
  '&',
  '<!-- c -->',
  '<!--',
  '<![CDATA[<&>]]>',
  '<![CDATA[',
  ']]>',
  '>',
  '<b>',
  '</string>',
);

test('both readers take the same texts for sound, and read the same', () => {
  fc.assert(
    fc.property(fc.array(fragment, { maxLength: 8 }), (fragments) => {
      const text = `<plist><string>${fragments.join('')}</string></plist>`;
      const read = <T>(reader: () => T): T | 'refused' => {
        try {
          return reader();
        } catch (error) {
          if (error instanceof PlistFault || error instanceof XmlFault) return 'refused';
          throw error;
        }
      };
      const asPlist = read(() => readXmlPlist(text));
      const asTree = read(() => readXml(text));
      if (asPlist === 'refused') return;
      expect(asTree).toMatchObject({ children: [{ text: (asPlist as string).trim() }] });
    }),
    { numRuns: 2_000 },
  );
});

test('whatever is changed in a document, it is read or refused', () => {
  const sound = '<?xml version="1.0"?><!DOCTYPE a><a b="c"><d e=\'f\'>g&lt;h<!-- i --><![CDATA[j]]></d></a>';
  const change = fc.tuple(fc.nat(sound.length), fc.nat(4), fc.string({ maxLength: 4 }));
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 3 }), (changes) => {
      let text = sound;
      for (const [at, cut, put] of changes) text = text.slice(0, at) + put + text.slice(at + cut);
      try {
        readXml(text);
      } catch (error) {
        expect(error).toBeInstanceOf(XmlFault);
      }
    }),
    { numRuns: 5_000 },
  );
});
