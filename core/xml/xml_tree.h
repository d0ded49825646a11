/* SPDX-License-Identifier: MIT
 *
 * A document between reading and writing. All of it lives in the arena that it was read into. */
#ifndef PL_XML_XML_TREE_H
#define PL_XML_XML_TREE_H

#include "base/arena.h"
#include "xml/xml.h"

#include <stdint.h>

typedef struct pl_xml_name {
    pl_slice local, prefix, uri; /* prefix and uri may be empty */
} pl_xml_name;

typedef struct pl_xml_attribute {
    pl_xml_name name;
    pl_slice value;
} pl_xml_attribute;

/* Text between two tags. */
typedef struct pl_xml_piece {
    pl_slice text;
    struct pl_xml_piece *next;
} pl_xml_piece;

typedef struct pl_xml_element {
    pl_xml_name name;
    pl_xml_attribute *attributes;
    uint32_t attribute_count;
    uint32_t child_count;
    uint32_t index; /* among its siblings */
    bool is_nil;    /* xsi:nil */
    pl_xml_piece *text, *text_end;
    struct pl_xml_element *parent, *first, *last, *next;

    /* Written by xml_json: siblings of one key are chained behind the first of them. */
    struct pl_xml_element *same;
    bool is_first, with_prefix;
} pl_xml_element;

#define PL_XML_XSI "http://www.w3.org/2001/XMLSchema-instance"

/* Reads a document: its root, or NULL with *fault filled. */
pl_xml_element *pl_xml_read(pl_slice text, const pl_xml_options *options, pl_arena *arena,
                            pl_xml_fault *fault);

#endif
