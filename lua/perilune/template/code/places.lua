-- SPDX-License-Identifier: MIT

--- The coder and places of escaping: all ways through a template must come to one place in the text
--- around.

local places = {}

--- A mistake about where a value would stand. `is_place` tells it from others: a macro that cannot
--- stand in some place may never be called there.
function places:fail_place(node, message, ...)
  local described = { ... }
  for i, place in ipairs(described) do described[i] = self.rules.describe(place) end
  error({ line = node.line, column = node.column, is_place = true,
    message = message:format(unpack(described)) }, 0)
end

--- Runs `write` for something that must end in the place where it begins.
function places:returning(node, what, write)
  local place = self.place
  write()
  if place and not self.is_dead and self.place ~= place then
    self:fail_place(node, what .. " must end where it begins: it begins %s and ends %s", place,
      self.place)
  end
  self.place = place
end

--- Writes ways of which one is taken, all of which must end in one place.
function places:branches(node, ways)
  local start, last = self.place, nil
  local is_dead = true
  for _, write in ipairs(ways) do
    self.place, self.is_dead = start, false
    write()
    if not self.is_dead then
      if last and last ~= self.place then
        self:fail_place(node, ("the branches of this '%s' end in different places: one %%s, one %%s")
          :format(node.kind == "If" and "if" or "for"), last, self.place)
      end
      last, is_dead = self.place, false
    end
  end
  self.place, self.is_dead = last or start, is_dead
end

return places
