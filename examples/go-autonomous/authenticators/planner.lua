-- SPDX-License-Identifier: MIT
return { type = "bearer", token = secret "PLANNER_TOKEN" }
