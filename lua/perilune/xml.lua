-- SPDX-License-Identifier: MIT

--- XML as tables: what an answer in XML is for templates and mappers, and what a table must be to be
--- written as XML. One shape for both ways:
---
---     <order id="7">                   { order = {
---       <name>Ada</name>                   ["@id"] = "7",
---       <note lang="en">hi</note>          name = "Ada",
---       <line/>                            note = { ["@lang"] = "en", ["#text"] = "hi" },
---       <line sku="a"/>                    line = { "", { ["@sku"] = "a" } },
---       <gone xsi:nil="true"/>             gone = json.null } }
---     </order>
---
--- so that a template says `response.order.line[1]["@sku"]`. The rules, and what becomes of
--- namespaces, are in core/xml/xml.h. Two things to know when reading:
---
---   - An element that is there once is no list. `line[0]` finds it all the same when it has
---     attributes or children; for loops and for elements that are mere text, name it in `lists`.
---   - All values are texts: `response.order["@id"]|int`.
---
--- When writing: the members of an object that the codec made keep their order, those of a plain
--- table are sorted; a list repeats its element; json.null is xsi:nil, and leaves an attribute out;
--- what XML cannot hold (control characters, names with spaces) is an error that names the place.

local core = require "perilune.core"

local xml = {}

---@class perilune.xml_options
---@field lists? string[]     names of elements that are lists, even of one
---@field prefixes? boolean   keep the prefixes of names, and the declarations of namespaces
---@field encoding? string    of the text, if the transport names one

--- The table of a document; nil and what is wrong with it.
---@param text string
---@param options? perilune.xml_options
---@return table|nil
---@return string|nil message
function xml.decode(text, options)
  local decoded, fault = core.xml.decode(text, options)
  if decoded then return decoded end
  return nil, ("%s (line %d, column %d)"):format(fault.message, fault.line, fault.column)
end

--- A table as a document, behind an XML declaration unless that is false; nil and a message for
--- what is none.
---@param v table      with one name, that of the root element
---@param options? { declaration?: boolean }
---@return string|nil
---@return string|nil message
function xml.encode(v, options)
  local is_bare = options and options.declaration == false
  return core.xml.encode(v, is_bare and "document" or "declared")
end

--- The same for a place inside a document: a text, escaped so that it can stand anywhere, or a
--- table as any number of elements.
---@param v any
---@return string|nil
---@return string|nil message
function xml.elements(v)
  return core.xml.encode(v, "elements")
end

return xml
