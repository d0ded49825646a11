-- SPDX-License-Identifier: MIT
-- What the receiver validates the origin of a request by.
return { type = "bearer", token = secret "WEBHOOK_TOKEN" }
