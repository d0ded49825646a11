-- SPDX-License-Identifier: MIT
--- How throughput and cost change as the work grows: a picture (SVG) of each scenario that has several points, with a panel for
--- each figure and a line for each subject. Points are equally far from each other, whatever their values.

local plot = {}

local PANEL_WIDTH, HEIGHT = 420, 300
local LEFT, RIGHT, TOP, BOTTOM = 64, 28, 36, 44
local LEGEND_LINE = 18
local COLOURS = { "#7f8c8d", "#2a78b5", "#d1741f", "#3a9a4c", "#8e5bb5", "#c0392b", "#1f9e9e" }

local function escape(text)
  return (text:gsub("[&<>]", { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;" }))
end

--- The least of 1, 2, 2.5 and 5 times a power of ten that is not less than a number.
local function round_up(value)
  if value <= 0 then return 1 end
  local power = 10 ^ math.floor(math.log10(value))
  for _, step in ipairs({ 1, 2, 2.5, 5, 10 }) do
    if value <= step * power then return step * power end
  end
end

local function text(x, y, anchor, content, more)
  return ('<text x="%.1f" y="%.1f" text-anchor="%s"%s>%s</text>'):format(x, y, anchor, more or "", escape(content))
end

local function short(value)
  if value >= 1e6 then return ("%.3gM"):format(value / 1e6) end
  if value >= 1e4 then return ("%.3gk"):format(value / 1e3) end
  return ("%.4g"):format(value)
end

--- One panel: { title, points, series = { { name, values = point -> number } ... } }.
local function draw_panel(out, panel, left, axis, colour_of)
  local width, height = PANEL_WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM
  local most = 0
  for _, series in ipairs(panel.series) do
    for _, value in pairs(series.values) do most = math.max(most, value) end
  end
  most = round_up(most)
  local function x(i) return left + LEFT + width * (#panel.points == 1 and 0.5 or (i - 1) / (#panel.points - 1)) end
  local function y(value) return TOP + height * (1 - value / most) end
  out(text(left + LEFT, TOP - 14, "start", panel.title, ' font-weight="bold"'))
  for i = 0, 4 do
    local value = most * i / 4
    out(('<path d="M%.1f %.1fH%.1f" stroke="#ddd"/>'):format(left + LEFT, y(value), left + LEFT + width))
    out(text(left + LEFT - 6, y(value) + 4, "end", short(value)))
  end
  for i, point in ipairs(panel.points) do out(text(x(i), TOP + height + 18, "middle", short(point))) end
  out(text(left + LEFT + width / 2, TOP + height + 36, "middle", axis))
  for _, series in ipairs(panel.series) do
    local path = {}
    for i, point in ipairs(panel.points) do
      local value = series.values[point]
      if value then
        path[#path + 1] = ("%.1f %.1f"):format(x(i), y(value))
        out(('<circle cx="%.1f" cy="%.1f" r="3" fill="%s"/>'):format(x(i), y(value), colour_of(series.name)))
      end
    end
    out(('<path d="M%s" fill="none" stroke="%s" stroke-width="2"/>'):format(table.concat(path, "L"), colour_of(series.name)))
  end
end

local function add(panel, subject, point, value)
  for _, series in ipairs(panel.series) do
    if series.name == subject then
      series.values[point] = value
      return
    end
  end
  table.insert(panel.series, { name = subject, values = { [point] = value } })
end

--- What a scenario's rows and the figures with points say.
local function panels_of(scenario)
  local rate, cost = { title = "requests a second", series = {} }, { title = "processor time of a request, us", series = {} }
  local panels, by_name, points, seen = { rate, cost }, {}, {}, {}
  for _, row in ipairs(scenario.rows or {}) do
    if not seen[row.point] then
      seen[row.point] = true
      points[#points + 1] = row.point
    end
    add(rate, row.subject, row.point, row.rate)
    if row.cpu_us > 0 then add(cost, row.subject, row.point, row.cpu_us) end
  end
  for _, figure in ipairs(scenario.figures or {}) do
    if figure.point then
      local panel = by_name[figure.name]
      if not panel then
        panel = { title = ("%s, %s"):format(figure.what:match("^[^,]+"), figure.unit), series = {} }
        by_name[figure.name] = panel
        panels[#panels + 1] = panel
      end
      add(panel, scenario.rows[1].subject, figure.point, figure.value)
    end
  end
  for _, panel in ipairs(panels) do panel.points = points end
  return panels, points
end

--- The picture of a scenario, or nil: nothing grows in it.
function plot.draw(scenario)
  local panels, points = panels_of(scenario)
  if #points < 2 then return nil end
  local names, colours = {}, {}
  for i, series in ipairs(panels[1].series) do
    names[i], colours[series.name] = series.name, COLOURS[(i - 1) % #COLOURS + 1]
  end
  local width, height = PANEL_WIDTH * #panels, HEIGHT + LEGEND_LINE * #names + 34
  local lines = {}
  local function out(line) lines[#lines + 1] = line end
  out(('<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" font-family="sans-serif" font-size="12">'):format(width, height))
  out(('<rect width="%d" height="%d" fill="white"/>'):format(width, height))
  out(text(LEFT, height - 10, "start", ("(%s) %s"):format(scenario.id, scenario.title), ' fill="#555"'))
  for i, panel in ipairs(panels) do
    draw_panel(out, panel, (i - 1) * PANEL_WIDTH, scenario.axis, function(name) return colours[name] end)
  end
  for i, name in ipairs(names) do
    local y = HEIGHT + LEGEND_LINE * (i - 1) + 8
    out(('<path d="M%d %dh24" stroke="%s" stroke-width="3"/>'):format(LEFT, y - 4, colours[name]))
    out(text(LEFT + 32, y, "start", name))
  end
  out("</svg>")
  return table.concat(lines, "\n") .. "\n"
end

return plot
