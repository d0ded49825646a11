/* SPDX-License-Identifier: MIT
 *
 * XML as JSON and back. The shape, which is that of the tables that templates and scripts see:
 *
 *   <order id="7">                      { "order": {
 *     <name>Ada</name>                      "@id": "7",
 *     <note lang="en">hi</note>             "name": "Ada",
 *     <line/>                               "note": { "@lang": "en", "#text": "hi" },
 *     <line sku="a"/>                       "line": [ "", { "@sku": "a" } ],
 *     <gone xsi:nil="true"/>                "gone": null } }
 *   </order>
 *
 * - The document is an object with one member, its root element.
 * - An element with neither attributes nor children is its text, as it stands; an empty one is "".
 * - Any other is an object: attributes ("@name"), its text if it has one ("#text"), then the
 *   children by name, in the order of their first occurrence. Between children, text that is white
 *   space only is left out; what is left is joined.
 * - Siblings of one name are an array, in the place of the first. A single one is no array, unless
 *   its name is among `lists`.
 * - Namespace prefixes are dropped, but where siblings (or attributes of one element) of one local
 *   name are of different namespaces: there names stay as written ("a:id"). Declarations and the
 *   attributes of XML Schema (xsi:type) are left out. With `keep_prefixes` all names and
 *   declarations stay as written.
 * - xsi:nil="true" is null. Comments and processing instructions are left out.
 *
 * What is written from that shape reads back as the same, if its prefixes are declared. */
#ifndef PL_XML_XML_H
#define PL_XML_XML_H

#include "base/buf.h"
#include "base/slice.h"

#define PL_XML_MAX_BYTES      (64u << 20)
#define PL_XML_MAX_DEPTH      128
#define PL_XML_MAX_ELEMENTS   250000 /* of a document; bounds the memory of its tree */
#define PL_XML_MAX_ATTRIBUTES 128    /* of one element */
/* Of all names, each with its namespace: one that is declared once is the name of many elements. */
#define PL_XML_MAX_NAME_BYTES (64u << 20)

typedef struct pl_xml_options {
    pl_slice encoding;     /* that the transport names; empty: the document says it itself */
    const pl_slice *lists; /* names of elements that are arrays, however many there are */
    size_t list_count;
    bool keep_prefixes;
} pl_xml_options;

/* Why and where a document was refused. Line and column count from 1, columns in characters. */
typedef struct pl_xml_fault {
    const char *message; /* static */
    int line, column;
} pl_xml_fault;

/* Appends a document as JSON. False: *fault says why, and nothing was appended. Refused are, besides
 * what is no XML, a DOCTYPE of any kind and what is beyond the limits. */
bool pl_xml_to_json(pl_slice text, const pl_xml_options *options, pl_buf *out, pl_xml_fault *fault);

enum pl_xml_form {
    PL_XML_ELEMENTS,          /* any number of elements, or a text, for a place in a document */
    PL_XML_DOCUMENT,          /* one element */
    PL_XML_DECLARED_DOCUMENT, /* behind an XML declaration */
};

/* Appends *valid* JSON in the shape above as XML. False: *reason says why and, as a JSON pointer,
 * where; what was appended is of no use. */
bool pl_xml_of_json(pl_slice json, enum pl_xml_form form, pl_buf *out, pl_buf *reason);

#endif
