-- SPDX-License-Identifier: MIT

--- The body of body.json.j2 as somebody writes it who has no templates: pieces in a table, and one
--- table.concat. `text` is what is done to every value that stands in a string.

---@param text fun(v: string): string
---@return fun(context: table): string
return function(text)
  local concat = table.concat

  local function line_of(line)
    return '{"sku":"' .. text(line.sku) .. '","qty":' .. line.qty .. ',"price":' .. line.price .. "}"
  end

  return function(context)
    local event, order = context.event, context.order
    local customer = order.customer
    local lines = {}
    for i, line in ipairs(order.lines) do lines[i] = line_of(line) end
    return concat {
      '{\n  "id": "', text(event.id), '", "type": "', text(event.type:upper()), '", "time": "', text(event.time),
      '",\n  "source": "', text(event.source), '", "tenant": "', text(context.tenant),
      '",\n  "order": {\n    "id": ', order.id, ', "number": "', text(order.number), '", "status": "',
      text(order.status), '",\n    "currency": "', text(order.currency), '", "total": ', order.total,
      ', "channel": "', text(order.channel or "web"), '",\n    "customer": {\n      "id": "', text(customer.id),
      '", "name": "', text(customer.name), '", "email": "', text(customer.email:lower()),
      '",\n      "street": "', text(customer.street), '", "city": "', text(customer.city),
      '",\n      "postcode": "', text(customer.postcode), '", "country": "', text(customer.country),
      '"\n    },\n    "lines": [\n      ', concat(lines, ","), '\n    ],\n    "weight": ', order.weight,
      ', "note": "', text(order.note), '"\n  }\n}',
    }
  end
end
